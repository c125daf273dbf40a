// The real program: found, started on data of its own, killed, stopped, and started again.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Place } from "./place.js";
import { within } from "./wait.js";

const target = fileURLToPath(new URL("../../../target/", import.meta.url));
const alive = new Set();
process.on("exit", () => alive.forEach((child) => child.kill("SIGKILL")));
// Whoever breaks the tests off leaves no server behind.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** `PARLOR_BIN`, or whatever was built last. */
function program() {
  if (process.env.PARLOR_BIN) return process.env.PARLOR_BIN;
  const age = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const [newest] = ["debug/parlor", "release/parlor"].map((name) => target + name).sort((a, b) => age(b) - age(a));
  if (!age(newest)) throw new Error("there is no parlor to test: run `cargo build -p parlor`, or set PARLOR_BIN");
  return newest;
}

/** Nothing of the caller's own configuration or keys gets into a test. */
function environment() {
  const foreign = /^(PARLOR_|ANTHROPIC_|OPENAI_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

export class Parlor {
  #child;
  #exit;
  #log = "";
  #flags;
  port = 0;

  constructor(place, flags) {
    this.place = place;
    this.#flags = flags;
  }

  /** Starts on new data, or on that of `place`. */
  static async start({ place = new Place(), flags = [] } = {}) {
    const parlor = new Parlor(place, flags);
    await parlor.startAgain();
    return parlor;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts on the same data, and on the same port if it has run before. */
  async startAgain() {
    const serve = ["serve", "--listen", `127.0.0.1:${this.port}`, ...this.place.flags, "--demo", "false", ...this.#flags];
    const child = spawn(program(), serve, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
    alive.add(child);
    child.stderr.setEncoding("utf8").on("data", (text) => (this.#log = (this.#log + text).slice(-20_000)));
    this.#child = child;
    this.#exit = once(child, "exit").then(([code, signal]) => {
      alive.delete(child);
      return code ?? signal;
    });
    const address = new Promise((resolve) => {
      readline.createInterface({ input: child.stdout }).on("line", (line) => {
        const [, port] = /^\s*Listening\s+http:\/\/127\.0\.0\.1:(\d+)\s*$/.exec(line) ?? [];
        if (port) resolve(Number(port));
      });
    });
    const failed = this.#exit.then((code) => {
      throw new Error(`parlor serve ended with ${code} before it told its address:\n${this.#log}`);
    });
    failed.catch(() => {});
    this.port = await within(Promise.race([address, failed]), "the address that `parlor serve` prints");
  }

  /** SIGKILL: no time to say anything. */
  async kill() {
    this.#child.kill("SIGKILL");
    await within(this.#exit, "the end of the killed server");
  }

  /** SIGTERM: an orderly end; its exit code. */
  async terminate() {
    this.#child.kill("SIGTERM");
    return within(this.#exit, "the end of the server after SIGTERM");
  }

  /** The test is over. */
  async clear() {
    await this.kill();
    this.place.clear();
  }

  /** What the program prints for another command on the same data. */
  async command(...order) {
    const run = promisify(execFile)(program(), [...order, ...this.place.flags], { env: environment() });
    const { stdout } = await within(run, `parlor ${order.join(" ")}`);
    return stdout;
  }
}
