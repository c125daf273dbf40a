// What speaks to the server in Python: pysignalr in both protocols, and Autobahn's WebSocket cases against the example's
// /echo. Their packages live in a virtual environment that is made here.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { start } from "./server.js";

const folder = fileURLToPath(new URL("../python/", import.meta.url));
const programs = `${folder}.venv/bin`;

/** Runs a program to its end; what it said is told if that is a failure. */
async function run(program, ...given) {
  const running = spawn(program, given, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const output of [running.stdout, running.stderr]) output.on("data", (text) => (said += text));
  const [code] = await once(running, "close");
  assert.equal(code, 0, `${program} ${given.join(" ")}\n${said}`);
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

test("7 to 11: pysignalr, in both protocols", async () => {
  await run(`${programs}/python`, `${folder}client.py`, server.url);
});

test("4.1: Autobahn's WebSocket cases", async () => {
  await run(`${programs}/python`, `${folder}autobahn.py`, server.url, `${programs}/kosoku`);
});
