// The methods and events of our own widget (docs/contracts/widget.md), over the official client.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Parlor } from "../../support/parlor.js";
import { isOwnMessage, refusedBy } from "./support/payloads.js";
import { ask } from "../../support/http.js";
import { TRANSPORTS, Shop, withHubs } from "./support/people.js";

let parlor, shop, owner;
before(async () => {
  parlor = await Parlor.start({ flags: ["--rate-limits", "off"] });
  shop = await Shop.open(parlor);
  owner = await shop.signIn();
  await owner.does("POST", `social/channels/${shop.channelId}/toggle-agent`, { isAgentEnabled: false });
});
after(() => parlor?.clear());

const NOTHING = { conversationId: null, status: "open", messages: [], recovered: true, hasEarlier: false };
const contents = ({ messages }) => messages.map(({ content }) => content);

/** Writes `count` numbered messages, many at a time, on one connection: so they keep their order. */
async function fill(visitor, hub, count) {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  await Promise.all(numbers.map((n) => visitor.says(hub, `number ${n}`)));
  return numbers.map((n) => `number ${n}`);
}

for (const transport of TRANSPORTS) {
  describe(transport, () => {
    test("W3: joining where nobody has written yet shows an open, empty conversation and creates nothing", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.hub(transport).start());
        assert.deepEqual(await hub.invoke("Join", ...visitor.who, null), NOTHING);
        const { items } = await owner.does("GET", `social/conversations?search=${visitor.sessionId}`);
        assert.deepEqual(items, []);
      }));

    test("W4, W5: Send gives the stored message, and all who joined hear it once", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const [hub, tab] = [await open(visitor.hub(transport).start()), await open(visitor.hub(transport).start())];
        for (const each of [hub, tab]) await each.invoke("Join", ...visitor.who, null);
        const sent = await hub.invoke("Send", ...visitor.who, "c-1", "Hello", "Ahmed");
        isOwnMessage(sent, { seq: 1, sender: "visitor", content: "Hello", clientMessageId: "c-1" });
        assert.deepEqual(await hub.invoke("Send", ...visitor.who, "c-1", "Hello", "Ahmed"), sent);
        const next = await hub.invoke("Send", ...visitor.who, "c-2", "Again", null);
        assert.equal(next.seq, 2);
        for (const each of [hub, tab]) {
          await each.heard.first(2, "both messages");
          assert.deepEqual(each.heard.items, [["Message", sent], ["Message", next]]);
        }
      }));

    test("W5: who called Join hears only our events, who called JoinSession only the seed's", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const [own, seed] = [await open(visitor.hub(transport).start()), await open(visitor.joins(transport))];
        await own.invoke("Join", ...visitor.who, null);
        const { conversationId } = await visitor.writes("one");
        const reply = await owner.replies(conversationId, "two");
        await owner.does("POST", `social/conversations/${conversationId}/resolve`);
        await owner.does("POST", `social/conversations/${conversationId}/reopen`);
        await own.invoke("Send", ...visitor.who, "c", "three", null);
        await own.heard.first(5, "three messages and two changes of status");
        await seed.heard.first(3, "three messages");
        assert.deepEqual(own.texts, [
          ["Message", "one"],
          ["Message", "two"],
          ["Status", "resolved"],
          ["Status", "open"],
          ["Message", "three"],
        ]);
        isOwnMessage(own.heard.items[1][1], { seq: 2, sender: "agent", senderName: "Shop", content: "two" });
        assert.equal(own.heard.items[1][1].id, reply.id);
        assert.deepEqual(own.heard.items[2], ["Status", { status: "resolved" }]);
        assert.deepEqual(seed.texts, ["one", "two", "three"].map((text) => ["MessageReceived", text]));
      }));

    test("W5: the visitor's next message opens a resolved session again, which is told once", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.hub(transport).start());
        await hub.invoke("Join", ...visitor.who, null);
        const { conversationId } = await visitor.writes("one");
        await owner.does("POST", `social/conversations/${conversationId}/resolve`);
        await hub.invoke("Send", ...visitor.who, "c-2", "two", null);
        await hub.invoke("Send", ...visitor.who, "c-3", "the end", null);
        await hub.heard.until((items) => items.some(([, { content }]) => content === "the end"), "the last message");
        assert.deepEqual(hub.texts.slice(0, 2), [["Message", "one"], ["Status", "resolved"]]);
        // In which order the message and the news of it come is left open.
        assert.deepEqual(hub.texts.slice(2, -1).sort(), [["Message", "two"], ["Status", "open"]]);
        assert.deepEqual(hub.texts.at(-1), ["Message", "the end"]);
      }));

    test("W3: Join brings what came after the last seq, and is the same over REST", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.hub(transport).start());
        for (const text of ["one", "two", "three"]) await visitor.writes(text);
        const all = await hub.invoke("Join", ...visitor.who, null);
        assert.deepEqual(contents(all), ["one", "two", "three"]);
        assert.deepEqual(all.messages.map(({ seq }) => seq), [1, 2, 3]);
        assert.deepEqual([all.status, all.recovered, all.hasEarlier], ["open", true, false]);
        const missed = await hub.invoke("Join", ...visitor.who, 1);
        assert.deepEqual(contents(missed), ["two", "three"]);
        assert.equal(missed.recovered, true);
        assert.equal(missed.conversationId, all.conversationId);
        const sync = `${parlor.url}/api/v1/widget/chat/${visitor.channelToken}/sync`;
        const { body } = await ask("POST", sync, { body: { sessionId: visitor.sessionId, lastSeq: 1 } });
        assert.deepEqual(body, missed);
        assert.deepEqual(contents(await hub.invoke("Join", ...visitor.who, 3)), []);
      }));

    test("W3, W6: older messages come 50 at a time, and a gap beyond 500 is refused openly", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.hub(transport).start());
        const texts = await fill(visitor, hub, 502);
        const newest = await hub.invoke("Join", ...visitor.who, null);
        assert.deepEqual(contents(newest), texts.slice(-50));
        assert.deepEqual([newest.recovered, newest.hasEarlier], [true, true]);

        let page = newest;
        const back = [...newest.messages];
        while (page.hasEarlier) {
          page = await hub.invoke("GetEarlier", ...visitor.who, page.messages[0].seq);
          assert.deepEqual(Object.keys(page).sort(), ["hasEarlier", "messages"]);
          back.unshift(...page.messages);
        }
        assert.deepEqual(back.map(({ content }) => content), texts);
        assert.deepEqual(back.map(({ seq }) => seq), texts.map((_, index) => index + 1));

        const caughtUp = await hub.invoke("Join", ...visitor.who, 2);
        assert.deepEqual([contents(caughtUp), caughtUp.recovered], [texts.slice(2), true]);
        const refused = await hub.invoke("Join", ...visitor.who, 1);
        assert.deepEqual([contents(refused), refused.recovered, refused.hasEarlier], [texts.slice(-50), false, true]);
      }));

    test("W12: a rating is answered, told to every tab that joined, and there after a new Join", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const [hub, tab] = [await open(visitor.hub(transport).start()), await open(visitor.hub(transport).start())];
        const { conversationId } = await visitor.writes("one");
        await tab.invoke("Join", ...visitor.who, null);
        await assert.rejects(hub.invoke("Rate", ...visitor.who, 5), refusedBy("Rate", "Nothing was resolved yet."));
        await owner.does("POST", `social/conversations/${conversationId}/resolve`);
        const rated = await hub.invoke("Rate", ...visitor.who, 4, "Kind");
        assert.deepEqual([rated.rating, rated.comment], [4, "Kind"]);
        await tab.heard.first(2, "the resolve and the rating");
        assert.deepEqual(tab.heard.items, [
          ["Status", { status: "resolved" }],
          ["Status", { status: "resolved", rating: 4 }],
        ]);
        const joined = await hub.invoke("Join", ...visitor.who, null);
        assert.deepEqual([joined.status, joined.rating], ["resolved", 4]);
        await assert.rejects(hub.invoke("Rate", ...visitor.who, 6), refusedBy("Rate", /^rating /));
      }));

    test("W13, W14: where the visitor is, and what they answer, is taken without a result", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.hub(transport).start());
        const page = "https://shop.example/pots?size=3#top";
        await assert.rejects(hub.invoke("SeePage", ...visitor.who, page), refusedBy("SeePage", "Conversation not found."));
        assert.equal(await hub.invoke("Introduce", ...visitor.who, { name: "Ada" }), null);
        await assert.rejects(hub.invoke("SeePage", ...visitor.who, page), refusedBy("SeePage", "Conversation not found."));
        const { items } = await owner.does("GET", `social/conversations?search=${visitor.sessionId}`);
        assert.deepEqual(items, [], "staff see nobody who has not written");
        await visitor.writes("one");
        assert.equal(await hub.invoke("SeePage", ...visitor.who, page, "Pots"), null);
        await assert.rejects(hub.invoke("SeePage", ...visitor.who, "javascript:alert(1)"), refusedBy("SeePage", /^url /));
      }));

    test("W7: bad input gets a sentence that names the field, and nothing is stored", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.hub(transport).start());
        const [token, session] = visitor.who;
        const wrong = [
          ["Join", "Channel not found.", "f".repeat(32), session, null],
          ["Join", /^sessionId /, token, "", null],
          ["Join", /^sessionId /, token, "s".repeat(201), null],
          ["Send", /^clientMessageId /, token, session, "", "text", null],
          ["Send", /^clientMessageId /, token, session, "c".repeat(65), "text", null],
          ["Send", /^text /, token, session, "c", "  ", null],
          ["Send", /^contactDisplayName /, token, session, "c", "text", "n".repeat(101)],
        ];
        for (const [method, text, ...args] of wrong) {
          await assert.rejects(hub.invoke(method, ...args), refusedBy(method, text), `${method} ${args}`);
        }
        assert.deepEqual(await hub.invoke("Join", ...visitor.who, null), NOTHING);
      }));
  });
}
