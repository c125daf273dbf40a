// The guide: "Excess messages are silently dropped." Titles name the clause of docs/contracts/org.md.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { Parlor } from "../../support/parlor.js";
import { Place } from "../../support/place.js";
import { Shop, withSockets } from "./support/people.js";

let parlor, shop, metrics;
before(async () => {
  const free = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => free.once("listening", resolve));
  metrics = `127.0.0.1:${free.address().port}`;
  await new Promise((resolve) => free.close(resolve));
  const place = new Place();
  writeFileSync(path.join(place.folder, "parlor.toml"), `metrics_listen = "${metrics}"\n`);
  parlor = await Parlor.start({ place });
  shop = await (await Shop.open(parlor)).silenceAssistant();
});
after(() => parlor?.clear());

test("S2: beyond the rate limit messages are dropped without a word, and counted", () =>
  withSockets(async (open) => {
    const visitor = await shop.visitor();
    const client = await open(visitor.joins());
    const COUNT = 200;
    const answered = new Set();
    for (let n = 0; n < COUNT; n++) {
      const message = { ...visitor.who, content: `message ${n}`, sender_type: "end_user" };
      client.socket.emit("send_message", message, () => answered.add(n));
    }
    // One client's events are handled in order: this answer comes after all of the others that come at all.
    await client.asks("leave_conversation", { conversation_id: visitor.conversationId });
    const stored = (await visitor.history()).slice(1).map(({ content }) => content);
    assert.ok(stored.length > 10 && stored.length < COUNT, `${stored.length} are stored`);
    assert.deepEqual(stored, [...answered].map((n) => `message ${n}`), "what is answered is stored, and nothing else is");
    assert.deepEqual(client.all("error"), []);
    const counted = await (await fetch(`http://${metrics}/metrics`)).text();
    const [, dropped] = /parlor_rate_limited_total\{action="visitor_writes"\} (\d+)/.exec(counted) ?? [];
    assert.equal(Number(dropped), COUNT - stored.length, counted);
  }));
