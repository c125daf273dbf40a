// A client that is not JavaScript's: python-socketio, whose handlers take what the guide shows and nothing more.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { Parlor } from "../../support/parlor.js";
import { python } from "../../support/python.js";
import { Shop } from "./support/people.js";

let run, parlor, shop;
before(async () => {
  run = await python(fileURLToPath(new URL("../python/", import.meta.url)));
  parlor = await Parlor.start({ flags: ["--rate-limits", "off"] });
  shop = await (await Shop.open(parlor)).silenceAssistant();
});
after(() => parlor?.clear());

test("S2, S4, S12: python-socketio joins, writes, hears and is refused, by both transports and the upgrade", async () => {
  const visitor = await shop.visitor();
  const said = await run("client.py", parlor.url, visitor.conversationId, visitor.externalId);
  assert.deepEqual(said.split("\n"), ["ok polling", "ok websocket", "ok polling websocket"]);
  assert.equal((await visitor.history()).length, 4);
});
