// `/hubs/widget-chat`: the visitors' methods of the contract, over every transport.
// Titles name the clause: sections of signalr.md, flows of the website-chat-websocket-flow document, W clauses of widget.md.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import * as signalR from "@microsoft/signalr";
import { Parlor } from "../../support/parlor.js";
import { isMessageReceived, refusedBy } from "./support/payloads.js";
import { TRANSPORTS, Shop, withHubs } from "./support/people.js";
import { within } from "../../support/wait.js";

let parlor, shop;
before(async () => {
  parlor = await Parlor.start();
  shop = await Shop.open(parlor);
  const owner = await shop.signIn();
  await owner.does("POST", `social/channels/${shop.channelId}/toggle-agent`, { isAgentEnabled: false });
});
after(() => parlor?.clear());

const INBOUND = { direction: "Inbound", isAiGenerated: false };

test("websocket-flow, client usage: the sample for widgets works as it is printed", async () => {
  const channelToken = shop.channelToken;
  const sessionId = randomUUID();
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(`${parlor.url}/hubs/widget-chat`)
    .withAutomaticReconnect()
    .configureLogging(signalR.LogLevel.None)
    .build();
  const rendered = new Promise((resolve) => connection.on("MessageReceived", resolve));
  await within(connection.start(), "the start of the connection");
  await within(connection.invoke("JoinSession", channelToken, sessionId), "JoinSession");
  await within(connection.invoke("SendMessage", channelToken, sessionId, "Hello!", null), "SendMessage");
  isMessageReceived(await within(rendered, "the echo"), { ...INBOUND, contentText: "Hello!" });
  await within(connection.stop(), "the end of the connection");
});

for (const transport of TRANSPORTS) {
  describe(transport, () => {
    test("16, flow 2: who joined hears what it sends, with five properties, and the calls result in null", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.hub(transport).start());
        assert.equal(await hub.invoke("JoinSession", ...visitor.who), null);
        assert.equal(await hub.invoke("SendMessage", ...visitor.who, "Grüße, 世界 🎉", "Ahmed"), null);
        const [[event, payload]] = await hub.heard.first(1, "the echo");
        assert.equal(event, "MessageReceived");
        isMessageReceived(payload, { ...INBOUND, contentText: "Grüße, 世界 🎉" });
      }));

    test("16: who has not joined may send, and hears nothing", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const [joined, silent] = [await open(visitor.joins(transport)), await open(visitor.hub(transport).start())];
        await visitor.says(silent, "one");
        await visitor.says(joined, "two");
        await joined.heard.first(2, "both messages");
        assert.deepEqual(joined.texts, [["MessageReceived", "one"], ["MessageReceived", "two"]]);
        await visitor.says(silent, "three");
        assert.deepEqual(silent.texts, []);
      }));

    test("16: who joins twice hears once, and who joins as two visitors hears both", () =>
      withHubs(async (open) => {
        const [one, other] = [shop.visitor(), shop.visitor()];
        const hub = await open(one.joins(transport));
        await hub.invoke("JoinSession", ...one.who);
        await hub.invoke("JoinSession", ...other.who);
        await one.says(hub, "as one");
        await other.says(hub, "as the other");
        await hub.heard.first(2, "both messages");
        assert.deepEqual(hub.texts, [["MessageReceived", "as one"], ["MessageReceived", "as the other"]]);
      }));

    test("product, rich media: a text may have 10,000 characters, of any script, and is trimmed", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.joins(transport));
        const text = "界".repeat(10_000);
        await visitor.says(hub, ` ${text}\n`);
        await hub.heard.first(1, "the echo");
        assert.deepEqual(hub.texts, [["MessageReceived", text]]);
      }));

    test("16: messages of one connection keep their order", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.joins(transport));
        const texts = Array.from({ length: 25 }, (_, index) => `number ${index}`);
        await Promise.all(texts.map((text) => visitor.says(hub, text)));
        await hub.heard.first(texts.length, "all echoes");
        assert.deepEqual(hub.texts, texts.map((text) => ["MessageReceived", text]));
      }));

    test("W4: SendMessage takes the client's id as a fifth argument, and the same id is stored and heard once", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.joins(transport));
        const id = randomUUID();
        assert.equal(await visitor.says(hub, "once", null, id), null);
        assert.equal(await visitor.says(hub, "once", null, id), null);
        assert.equal(await visitor.says(hub, "no id", null, null), null);
        await hub.heard.first(2, "the echoes");
        const stored = await hub.invoke("GetMessages", ...visitor.who);
        assert.deepEqual(stored.map((message) => message.contentText), ["once", "no id"]);
        assert.deepEqual(hub.heard.items.map(([, payload]) => payload), stored);
      }));

    test("9: SendMessage with three or seven arguments is refused, and nothing is stored", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.joins(transport));
        const message = "Failed to invoke 'SendMessage' due to an error on the server.";
        await assert.rejects(hub.invoke("SendMessage", ...visitor.who, "three"), { message });
        await assert.rejects(hub.invoke("SendMessage", ...visitor.who, "seven", null, null, null, null), { message });
        assert.deepEqual(await hub.invoke("GetMessages", ...visitor.who), []);
      }));

    test("9: arguments of the wrong type are refused, and nothing is stored", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.joins(transport));
        const message = "Failed to invoke 'SendMessage' due to an error on the server.";
        for (const args of [[...visitor.who, 7, null], [...visitor.who, "text", {}], [{}, visitor.sessionId, "text", null]]) {
          await assert.rejects(hub.invoke("SendMessage", ...args), { message }, JSON.stringify(args));
        }
        assert.deepEqual(await hub.invoke("GetMessages", ...visitor.who), []);
      }));

    test("9: method names are matched in any case", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.hub(transport).start());
        await hub.invoke("joinsession", ...visitor.who);
        await hub.invoke("SENDMESSAGE", ...visitor.who, "any case", null);
        const [[, payload]] = await hub.heard.first(1, "the echo");
        assert.equal(payload.contentText, "any case");
      }));

    test("9: an unknown method is named as it was called", () =>
      withHubs(async (open) => {
        const hub = await open(shop.visitor().hub(transport).start());
        await assert.rejects(hub.invoke("joinStore"), {
          message: "Failed to invoke 'joinStore' due to an error on the server. HubException: Method does not exist.",
        });
      }));

    test("16, W7: an unknown channel and an empty text throw a HubException, and nothing is stored", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.joins(transport));
        const nowhere = ["0".repeat(32), visitor.sessionId];
        await assert.rejects(hub.invoke("JoinSession", ...nowhere), refusedBy("JoinSession", "Channel not found."));
        await assert.rejects(hub.invoke("sendmessage", ...nowhere, "x", null), refusedBy("SendMessage", "Channel not found."));
        for (const text of ["", " \n\t "]) {
          await assert.rejects(visitor.says(hub, text), refusedBy("SendMessage", /^text /));
        }
        await assert.rejects(visitor.says(hub, "x".repeat(10_001)), refusedBy("SendMessage", /^text /));
        assert.deepEqual(await hub.invoke("GetMessages", ...visitor.who), []);
        await visitor.says(hub, "still here");
        await hub.heard.first(1, "the echo");
        assert.deepEqual(hub.texts, [["MessageReceived", "still here"]]);
      }));

    test("W6: GetMessages brings the seed's payloads in order, all or those after one", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.joins(transport));
        for (const text of ["one", "two", "three"]) await visitor.says(hub, text);
        const heard = (await hub.heard.first(3, "the echoes")).map(([, payload]) => payload);
        assert.deepEqual(await hub.invoke("GetMessages", ...visitor.who), heard);
        assert.deepEqual(await hub.invoke("GetMessages", ...visitor.who, null), heard);
        assert.deepEqual(await hub.invoke("GetMessages", ...visitor.who, heard[0].id), heard.slice(1));
        assert.deepEqual(await hub.invoke("GetMessages", ...visitor.who, heard[2].id), []);
      }));

    test("W6: GetMessages refuses an id of another conversation as it refuses one that never was", () =>
      withHubs(async (open) => {
        const [visitor, stranger] = [shop.visitor(), shop.visitor()];
        const hub = await open(visitor.joins(transport));
        await visitor.says(hub, "mine");
        const { messages } = await stranger.writes("theirs");
        for (const id of [messages[0].id, randomUUID()]) {
          const call = hub.invoke("GetMessages", ...visitor.who, id);
          await assert.rejects(call, refusedBy("GetMessages", "Message not found."));
        }
      }));
  });
}

describe("a disabled channel", () => {
  let closed, owner;
  before(async () => {
    closed = await Shop.open(parlor);
    owner = await closed.signIn();
  });

  for (const transport of TRANSPORTS) {
    test(`16: over ${transport}, lets nobody join or send until it is enabled again`, () =>
      withHubs(async (open) => {
        const visitor = closed.visitor();
        const hub = await open(visitor.hub(transport).start());
        await owner.does("PATCH", `social/channels/${closed.channelId}`, { isEnabled: false });
        const refused = (method) => refusedBy(method, "Channel is disabled.");
        await assert.rejects(hub.invoke("JoinSession", ...visitor.who), refused("JoinSession"));
        await assert.rejects(visitor.says(hub, "anybody?"), refused("SendMessage"));
        await owner.does("PATCH", `social/channels/${closed.channelId}`, { isEnabled: true });
        assert.equal(await hub.invoke("JoinSession", ...visitor.who), null);
        assert.deepEqual(await hub.invoke("GetMessages", ...visitor.who), []);
      }));
  }
});

test("4.1: a WebSocket needs no negotiation", () =>
  withHubs(async (open) => {
    const visitor = shop.visitor();
    const hub = await open(visitor.joins("WebSockets", { skipNegotiation: true }));
    await visitor.says(hub, "straight in");
    await hub.heard.first(1, "the echo");
    assert.deepEqual(hub.texts, [["MessageReceived", "straight in"]]);
  }));

test("product, abuse: who writes far too fast gets a HubException that says when to try again", () =>
  withHubs(async (open) => {
    const visitor = shop.visitor();
    const hub = await open(visitor.joins("WebSockets"));
    const calls = Array.from({ length: 200 }, (_, index) => visitor.says(hub, `number ${index}`));
    const outcomes = await Promise.allSettled(calls);
    const refused = outcomes.filter(({ status }) => status === "rejected");
    assert.ok(refused.length > 0, "nothing was refused");
    for (const { reason } of refused) {
      assert.match(reason.message, /HubException: Too many requests\. Try again in \d+ s\.$/);
    }
    const stored = await hub.invoke("GetMessages", ...visitor.who);
    assert.equal(stored.length, outcomes.length - refused.length);
  }));
