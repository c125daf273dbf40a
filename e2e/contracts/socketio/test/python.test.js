// python-socketio against the crate's example server. Its packages live in a virtual environment that is made here.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { start } from "./server.js";

const folder = fileURLToPath(new URL("../python/", import.meta.url));
const programs = `${folder}.venv/bin`;

/** Runs a program to its end, and returns what it said. */
async function run(program, ...given) {
  const running = spawn(program, given, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const output of [running.stdout, running.stderr]) output.on("data", (text) => (said += text));
  const [code] = await once(running, "close");
  assert.equal(code, 0, `${program} ${given.join(" ")}\n${said}`);
  return said.trim();
}

let server;
before(async () => {
  // One that was begun and not finished has a Python and no pip.
  if (!existsSync(`${programs}/pip`)) await run("python3", "-m", "venv", "--clear", `${folder}.venv`);
  const pip = [`${programs}/python`, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await run(...pip, "--requirement", `${folder}requirements.txt`);
  server = await start();
});
after(() => server?.stop());

test("5 to 8: python-socketio, by both transports and the upgrade", async () => {
  const said = await run(`${programs}/python`, `${folder}client.py`, server.url);
  assert.deepEqual(said.split("\n"), ["ok polling", "ok websocket", "ok polling, websocket"]);
});
