// The server under test: the one at SOCKETIO_URL, or the crate's example, built and started here.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import readline from "node:readline";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

export async function start(...flags) {
  if (process.env.SOCKETIO_URL) {
    return { url: process.env.SOCKETIO_URL, stop: async () => {} };
  }
  const cargo = ["run", "--quiet", "-p", "socketio", "--example", "sockets", "--", ...flags];
  const server = spawn("cargo", cargo, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const lines = readline.createInterface({ input: server.stdout });
  const failed = once(server, "exit").then(([code]) => {
    throw new Error(`the example server ended with ${code} before it told its address`);
  });
  const [url] = await Promise.race([once(lines, "line"), failed]);
  failed.catch(() => {});
  return {
    url,
    async stop() {
      server.kill("SIGINT");
      await once(server, "exit");
    },
  };
}
