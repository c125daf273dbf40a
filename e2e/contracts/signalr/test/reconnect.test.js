// Section 15 with the official client: a TCP proxy cuts its WebSocket, and nothing is lost or comes twice.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import net from "node:net";
import { once } from "node:events";
import * as signalR from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { start } from "./server.js";

let server;
before(async () => {
  server = await start();
});
after(() => server.stop());

/** A way to the server that can be cut. Only WebSockets are: negotiations are short. */
async function proxy() {
  const { hostname, port } = new URL(server.url);
  const pairs = new Set();
  let webSockets = 0;
  const listener = net.createServer((near) => {
    const far = net.connect(Number(port), hostname);
    const pair = [near, far];
    pairs.add(pair);
    const drop = () => {
      near.destroy();
      far.destroy();
      pairs.delete(pair);
    };
    near.on("data", (bytes) => {
      if (/^upgrade: websocket/im.test(bytes.toString("latin1"))) webSockets += 1;
    });
    for (const socket of pair) socket.on("error", drop).on("close", drop);
    near.pipe(far);
    far.pipe(near);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    webSockets: () => webSockets,
    cut: () => pairs.forEach(([near, far]) => (near.destroy(), far.destroy())),
    close: () => listener.close(),
  };
}

const protocols = { json: () => new signalR.JsonHubProtocol(), messagepack: () => new MessagePackHubProtocol() };

for (const [format, protocol] of Object.entries(protocols)) {
  describe(format, () => {
    async function resumable(body, hub = "testhub") {
      const way = await proxy();
      const connection = new signalR.HubConnectionBuilder()
        .withUrl(`${way.url}/${hub}`, { transport: signalR.HttpTransportType.WebSockets })
        .withHubProtocol(protocol())
        .withStatefulReconnect()
        .configureLogging(signalR.LogLevel.None)
        .build();
      const ends = [];
      connection.onclose((error) => ends.push(error));
      await connection.start();
      try {
        await body(connection, way, ends);
      } finally {
        await connection.stop();
        way.close();
      }
    }

    test("15: calls on their way when the WebSocket is cut are answered once", () =>
      resumable(async (connection, way, ends) => {
        const id = connection.connectionId;
        for (let round = 0; round < 5; round += 1) {
          const texts = Array.from({ length: 50 }, (_, index) => `${round}-${index}`);
          const answers = Promise.all(texts.map((text) => connection.invoke("Echo", text)));
          way.cut();
          assert.deepEqual(await answers, texts);
        }
        assert.ok(way.webSockets() > 1);
        assert.equal(await connection.invoke("GetCallerConnectionId"), id);
        assert.deepEqual(ends, []);
      }));

    test("15: groups live on, and what was sent meanwhile arrives in order", () =>
      resumable(async (connection, way) => {
        const other = new signalR.HubConnectionBuilder()
          .withUrl(`${server.url}/testhub`)
          .configureLogging(signalR.LogLevel.None)
          .build();
        await other.start();
        const heard = [];
        const group = `resumed ${format}`;
        const done = new Promise((resolve) =>
          connection.on("Message", (text) => {
            heard.push(text);
            if (text === "199") resolve();
          }),
        );
        await connection.invoke("JoinGroup", group);
        for (let number = 0; number < 200; number += 1) {
          if (number % 50 === 20) way.cut();
          await other.invoke("SendToGroup", group, String(number));
        }
        await done;
        assert.deepEqual(heard, Array.from({ length: 200 }, (_, number) => String(number)));
        await other.stop();
      }));

    test("15: streams live on in both directions", () =>
      resumable(async (connection, way) => {
        const up = new signalR.Subject();
        const items = [];
        const down = new Promise((resolve, reject) =>
          connection.stream("StreamEcho", up).subscribe({
            next: (item) => items.push(item),
            complete: resolve,
            error: reject,
          }),
        );
        for (let number = 0; number < 100; number += 1) {
          if (number % 30 === 10) way.cut();
          up.next(String(number));
          await connection.invoke("Void");
        }
        up.complete();
        await down;
        assert.deepEqual(items, Array.from({ length: 100 }, (_, number) => String(number)));
      }));

    test("15: a hub that does not allow it loses the connection", () =>
      resumable(async (connection, way, ends) => {
        const ended = new Promise((resolve) => connection.onclose(resolve));
        way.cut();
        await ended;
        assert.equal(ends.length, 1);
        await connection.start();
      }, "testhub-nostateful"));
  });
}
