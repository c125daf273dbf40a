// What outlives a crash, a cut line and an orderly stop: whatever was acknowledged, once.
// Titles name the clause: product.md (order and duplicates, missed messages), signalr.md sections, W clauses of widget.md.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import * as signalR from "@microsoft/signalr";
import { Parlor } from "../../support/parlor.js";
import { TRANSPORTS, Shop, withHubs } from "./support/people.js";
import { Proxy } from "../../support/proxy.js";
import { Talker } from "./support/talker.js";

/** How many messages a visitor writes, and after how many acknowledgements it strikes. */
const COUNT = 200;
const STRIKES = [60, 140];

/** Writes all messages, calling `strike` at the appointed places, and compares all accounts of what happened. */
async function writesThrough(talker, strike) {
  const struck = [];
  const texts = Array.from({ length: COUNT }, (_, index) => `message ${index + 1}`);
  await talker.writes(texts, (acknowledged) => {
    if (acknowledged === STRIKES[struck.length]) struck.push(strike());
  });
  assert.equal((await Promise.all(struck)).length, STRIKES.length);
  assert.equal(talker.hub.reconnecting.items.length, STRIKES.length, "each strike is one loss of the connection");
  await talker.hasSeen(COUNT);

  const stored = await talker.history();
  // Everything acknowledged is there, and nothing is there twice.
  assert.deepEqual(stored.map(({ contentText }) => contentText).sort(), [...texts].sort());
  // What the visitor saw, pushed and caught up with, is what is stored, in the same order.
  assert.deepEqual(talker.seen, stored);
  assert.deepEqual(talker.doubles, []);
  return { texts, stored };
}

for (const transport of TRANSPORTS) {
  describe(transport, () => {
    let parlor, shop, owner;
    beforeEach(async () => {
      parlor = await Parlor.start({ flags: ["--rate-limits", "off"] });
      shop = await Shop.open(parlor);
      owner = await shop.signIn();
      await owner.does("POST", `social/channels/${shop.channelId}/toggle-agent`, { isAgentEnabled: false });
    });
    afterEach(() => parlor?.clear());

    test("product, missed messages: the server is killed amid 200 messages, and nothing is missing or double", () =>
      withHubs(async (open) => {
        const talker = await open(Talker.start(shop.visitor(), transport));
        const { texts, stored } = await writesThrough(talker, async () => {
          await parlor.kill();
          await parlor.startAgain();
        });
        if (transport === "WebSockets") assert.deepEqual(stored.map(({ contentText }) => contentText), texts);
        const { items } = await owner.does("GET", "social/conversations");
        const { messages } = await owner.does("GET", `social/conversations/${items[0].id}`);
        assert.deepEqual(messages.map(({ id }) => id), stored.map(({ id }) => id));
      }));

    test("product, missed messages: the line is cut amid 200 messages, and nothing is missing or double", async () => {
      const proxy = await Proxy.to(parlor.port);
      try {
        await withHubs(async (open) => {
          const talker = await open(Talker.start(shop.visitor(proxy.url), transport));
          const { texts, stored } = await writesThrough(talker, () => assert.ok(proxy.cut() > 0));
          if (transport === "WebSockets") assert.deepEqual(stored.map(({ contentText }) => contentText), texts);
        });
      } finally {
        proxy.close();
      }
    });

    test("product, missed messages: what others wrote while the line was down comes by the catch-up, once", async () => {
      const proxy = await Proxy.to(parlor.port);
      try {
        await withHubs(async (open) => {
          const visitor = shop.visitor(proxy.url);
          const talker = await open(Talker.start(visitor, transport));
          await talker.writes(["before"]);
          await talker.hasSeen(1);
          const { items } = await owner.does("GET", "social/conversations");
          proxy.down();
          await talker.hub.reconnecting.first(1, "the loss of the connection");
          const replies = ["one", "two", "three"];
          for (const text of replies) await owner.replies(items[0].id, text);
          proxy.up();
          await talker.hasSeen(4);
          await talker.writes(["after"]);
          await talker.hasSeen(5);
          assert.deepEqual(talker.seen.map(({ contentText }) => contentText), ["before", ...replies, "after"]);
          assert.deepEqual(talker.doubles, []);
        });
      } finally {
        proxy.close();
      }
    });

    test("14, 17: at an orderly stop clients get Close with allowReconnect, and come back to the next start", () =>
      withHubs(async (open) => {
        const talker = await open(Talker.start(shop.visitor(), transport));
        const store = await open(owner.joins(transport));
        await talker.writes(["before"]);
        await talker.hasSeen(1);
        assert.equal(await parlor.terminate(), 0);
        const close = { type: signalR.MessageType.Close, allowReconnect: true };
        for (const hub of [talker.hub, store]) {
          await hub.reconnecting.first(1, "the loss of the connection");
          assert.deepEqual(hub.closes.items, [close]);
          // No error: the server has said goodbye.
          assert.deepEqual(hub.reconnecting.items, [undefined]);
        }
        await parlor.startAgain();
        await store.reconnected.first(1, "the staff's comeback");
        await store.invoke("JoinStore");
        await talker.writes(["after"]);
        await talker.hasSeen(2);
        assert.deepEqual(talker.seen.map(({ contentText }) => contentText), ["before", "after"]);
        await store.heard.first(2, "both notifications");
        assert.deepEqual(store.texts, [["NewCustomerMessage", "before"], ["NewCustomerMessage", "after"]]);
      }));

    test("W3: our own widget catches up by its last seq after the server was killed", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.hub(transport).start());
        await hub.invoke("Join", ...visitor.who, null);
        const first = await hub.invoke("Send", ...visitor.who, "c-1", "one", null);
        await hub.heard.first(1, "the echo");
        await parlor.kill();
        await hub.reconnecting.first(1, "the loss of the connection");
        await parlor.startAgain();
        await visitor.writes("two");
        await hub.reconnected.first(1, "the comeback");
        const missed = await hub.invoke("Join", ...visitor.who, first.seq);
        assert.deepEqual(missed.messages.map(({ content }) => content), ["two"]);
        assert.equal(missed.recovered, true);
        // The id of a send that was acknowledged before the crash still stands for the same message.
        assert.deepEqual(await hub.invoke("Send", ...visitor.who, "c-1", "one", null), first);
      }));
  });
}

describe("the command line", () => {
  let parlor;
  before(async () => {
    parlor = await Parlor.start();
  });
  after(() => parlor?.clear());

  test("parlor account create --json works while the server runs, and what it prints is enough to begin", async () => {
    const shop = await Shop.open(parlor);
    assert.match(shop.made.accountId, /^[0-9a-f-]{36}$/);
    assert.match(shop.made.channelId, /^[0-9a-f-]{36}$/);
    assert.match(shop.made.channelToken, /^[0-9a-f]{32}$/);
    const { messages } = await shop.visitor().writes("Hello");
    assert.equal(messages[0].contentText, "Hello");
  });
});
