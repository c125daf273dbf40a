// Starts the example server and runs run.sh against it: `npm run test:python`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { start } from "../test/server.js";

const server = await start();
const script = fileURLToPath(new URL("run.sh", import.meta.url));
const [code] = await once(spawn(script, [server.url], { stdio: "inherit" }), "exit");
await server.stop();
process.exitCode = code ?? 1;
