// python-socketio against the crate's example server, in a virtual environment made here.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { start } from "./server.js";

const run = promisify(execFile);
const here = fileURLToPath(new URL("../python/", import.meta.url));
const python = `${here}.venv/bin/python`;

let server;
before(async () => {
  server = await start();
});
after(() => server.stop());

test("6, 7, 8: python-socketio over both transports and across the upgrade", async () => {
  if (!existsSync(python)) await run("python3", ["-m", "venv", `${here}.venv`]);
  await run(python, ["-m", "pip", "install", "--quiet", "--requirement", `${here}requirements.txt`]);
  const { stdout } = await run(python, [`${here}client.py`, server.url], { timeout: 120_000 });
  assert.deepEqual(stdout.trim().split("\n"), ["ok polling", "ok websocket", "ok polling, websocket"]);
});
