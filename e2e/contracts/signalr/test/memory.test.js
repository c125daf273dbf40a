// What an idle WebSocket takes of the server's memory: with the socket library's default buffers it would be
// more than 128 KiB. The example is started here whatever SIGNALR_URL says, for only its memory can be seen.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import * as signalR from "@microsoft/signalr";
import { startExample } from "./server.js";

const CONNECTIONS = 400;

async function residentKiB(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
}

async function open(url) {
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(`${url}/testhub`, { transport: signalR.HttpTransportType.WebSockets, skipNegotiation: true })
    .configureLogging(signalR.LogLevel.None)
    .build();
  await connection.start();
  return connection;
}

test("4.1: an idle WebSocket takes less than 32 KiB", async () => {
  const server = await startExample();
  const connections = [await open(server.url)];
  try {
    const before = await residentKiB(server.pid);
    while (connections.length < CONNECTIONS) connections.push(await open(server.url));
    const each = ((await residentKiB(server.pid)) - before) / CONNECTIONS;
    assert.ok(each < 32, `${each} KiB a connection`);
  } finally {
    await Promise.all(connections.map((connection) => connection.stop()));
    await server.stop();
  }
});
