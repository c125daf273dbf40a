// Python's clients, in a virtual environment that is made beside them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";

/** Runs a program to its end, and returns what it said. */
async function run(program, ...given) {
  const running = spawn(program, given, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const output of [running.stdout, running.stderr]) output.on("data", (text) => (said += text));
  const [code] = await once(running, "close");
  assert.equal(code, 0, `${program} ${given.join(" ")}\n${said}`);
  return said.trim();
}

/** Installs what `requirements.txt` in the folder names, and runs its programs. */
export async function python(folder) {
  const programs = path.join(folder, ".venv/bin");
  // One that was begun and not finished has a Python and no pip.
  if (!existsSync(`${programs}/pip`)) await run("python3", "-m", "venv", "--clear", path.join(folder, ".venv"));
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await run(`${programs}/python`, ...pip, "--requirement", path.join(folder, "requirements.txt"));
  return (program, ...given) => run(`${programs}/python`, path.join(folder, program), ...given);
}
