// A place of its own for each server: a folder, and on PostgreSQL a schema.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Names the PostgreSQL server that tests run on; without it they run on SQLite. */
const SERVER = process.env.PARLOR_TEST_DATABASE_URL || undefined;

export class Place {
  folder = mkdtempSync(path.join(tmpdir(), "parlor-contract-"));
  #schema = SERVER && `test_${randomBytes(8).toString("hex")}`;

  constructor() {
    if (this.#schema) sql(`create schema ${this.#schema}`);
  }

  /** The flags that lead every command to this data. */
  get flags() {
    const flags = ["--data", this.folder];
    if (this.#schema) {
      const joint = SERVER.includes("?") ? "&" : "?";
      flags.push("--database-url", `${SERVER}${joint}options=-c%20search_path%3D${this.#schema}`);
    }
    return flags;
  }

  /** The installation's secret key. */
  get secretKey() {
    return Buffer.from(readFileSync(path.join(this.folder, "secret.key"), "utf8").trim(), "hex");
  }

  clear() {
    rmSync(this.folder, { recursive: true, force: true });
    if (this.#schema) sql(`set lock_timeout = '10s'; drop schema ${this.#schema} cascade`);
  }
}

function sql(text) {
  const quiet = ["-X", "-q", "-v", "ON_ERROR_STOP=1"];
  const env = { ...process.env, PGOPTIONS: "-c client_min_messages=warning" };
  const done = spawnSync("psql", [...quiet, "-d", SERVER, "-c", text], { encoding: "utf8", env });
  if (done.error) throw new Error(`psql, which makes the schemas for tests, does not start: ${done.error.message}`);
  if (done.status !== 0) throw new Error(`${text}: ${done.stderr}`);
}
