// python-socketio against the crate's example server.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { python } from "../../support/python.js";
import { start } from "./server.js";

let run, server;
before(async () => {
  run = await python(fileURLToPath(new URL("../python/", import.meta.url)));
  server = await start();
});
after(() => server?.stop());

test("5 to 8: python-socketio, by both transports and the upgrade", async () => {
  const said = await run("client.py", server.url);
  assert.deepEqual(said.split("\n"), ["ok polling", "ok websocket", "ok polling, websocket"]);
});
