// What outlives a cut line and a killed server: whatever was acknowledged, once. Titles name the clause of docs/contracts/org.md.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Parlor } from "../../support/parlor.js";
import { Proxy } from "../../support/proxy.js";
import { Shop, WAYS, withSockets } from "./support/people.js";

const COUNT = 60;

for (const [way, transports] of Object.entries(WAYS)) {
  describe(way, () => {
    let parlor, shop;
    beforeEach(async () => {
      parlor = await Parlor.start({ flags: ["--rate-limits", "off"] });
      shop = await (await Shop.open(parlor)).silenceAssistant();
    });
    afterEach(() => parlor?.clear());

    test("S12: the line is cut, the unchanged client comes back recovered, and nothing is missing or double", () =>
      withSockets(async (open) => {
        const proxy = await Proxy.to(parlor.port);
        try {
          const visitor = await shop.visitor();
          const cut = await open(visitor.joins({ transports, url: proxy.url }));
          const near = await open(visitor.joins({ transports }));
          await visitor.says(near, "before");
          await cut.next("message_received");
          proxy.down();
          await cut.disconnects.first(1, "the cut");
          for (let n = 1; n <= COUNT; n++) await visitor.says(near, `missed ${n}`);
          proxy.up();
          await cut.connects.first(2, "the return");
          assert.equal(cut.connects.items[1].recovered, true);
          assert.equal(cut.connects.items[1].id, cut.connects.items[0].id);
          await cut.next("message_received", COUNT + 1);
          await visitor.says(near, "after");
          await cut.next("message_received", COUNT + 2);
          assert.deepEqual(cut.all("message_received"), near.all("message_received"));
        } finally {
          proxy.close();
        }
      }));

    test("S4, S12: the server is killed; who joins again with after has everything, once and in order", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const client = await open(visitor.joins({ transports }));
        const seen = new Map();
        const see = (message) => seen.set(message.id, message.content);
        const acknowledged = [];
        for (let n = 1; n <= 20; n++) acknowledged.push((await visitor.says(client, `before ${n}`)).message);
        await client.next("message_received", 20);
        client.all("message_received").forEach(see);
        const newest = client.all("message_received").at(-1).id;
        await parlor.kill();
        await parlor.startAgain();
        await visitor.writes("while away");
        await client.connects.first(2, "the return");
        assert.equal(client.connects.items[1].recovered, false, "a server that was killed has forgotten its sockets, and says so");
        const joined = await client.asks("join_conversation", { ...visitor.who, after: newest });
        assert.equal(joined.recovered, true);
        joined.messages.forEach(see);
        const { message } = await visitor.says(client, "after");
        await client.heard.until(() => client.all("message_received").some(({ id }) => id === message.id), "the last");
        see(message);
        const stored = await visitor.history();
        assert.deepEqual([...seen.values()], stored.slice(1).map(({ content }) => content));
        for (const { id } of acknowledged) assert.ok(stored.some((kept) => kept.id === id));
      }));

    test("S4: a catch-up that cannot be complete says so", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const client = await open(visitor.socket({ transports }).connected());
        const stranger = await shop.visitor();
        const [foreign] = await stranger.history();
        const joined = await client.asks("join_conversation", { ...visitor.who, after: foreign.id });
        assert.deepEqual(joined, { conversation_id: visitor.conversationId, messages: [], recovered: false });
      }));

    test("S2: the same client_message_id again is answered by the first message", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const client = await open(visitor.joins({ transports }));
        const once = await visitor.says(client, "Once", { client_message_id: "c-1" });
        const again = await visitor.says(client, "Once", { client_message_id: "c-1" });
        assert.deepEqual(again, once);
        assert.equal((await visitor.history()).length, 2);
      }));
  });
}
