// Section 10 with the official client: a TCP proxy cuts its line, and nothing is lost or comes twice.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import net from "node:net";
import { once } from "node:events";
import { io } from "socket.io-client";
import { start } from "./server.js";

let server;
before(async () => {
  server = await start("--recovery");
});
after(() => server.stop());

/** A way to the server that can be cut, and barred. */
async function proxy() {
  const { hostname, port } = new URL(server.url);
  const pairs = new Set();
  let barred = false;
  const listener = net.createServer((near) => {
    if (barred) return near.destroy();
    const far = net.connect(Number(port), hostname);
    const drop = () => {
      near.destroy();
      far.destroy();
      pairs.delete(drop);
    };
    pairs.add(drop);
    for (const socket of [near, far]) socket.on("error", drop).on("close", drop);
    near.pipe(far);
    far.pipe(near);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const cut = () => pairs.forEach((drop) => drop());
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    cut,
    bar: () => ((barred = true), cut()),
    unbar: () => (barred = false),
    close: () => (cut(), listener.close()),
  };
}

const ways = {
  polling: { transports: ["polling"] },
  websocket: { transports: ["websocket"] },
  upgrade: { transports: ["polling", "websocket"] },
};

for (const [name, options] of Object.entries(ways)) {
  describe(name, () => {
    async function recoverable(body) {
      const way = await proxy();
      const socket = io(way.url, { forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 50, ...options });
      const connects = [];
      socket.on("connect", () => connects.push(socket.recovered));
      await new Promise((resolve) => socket.once("connect", resolve));
      try {
        await body(socket, way, connects);
      } finally {
        socket.disconnect();
        way.close();
      }
    }

    test("10: what a room was told meanwhile comes in order and once", () =>
      recoverable(async (socket, way, connects) => {
        const id = socket.id;
        const room = `recovered ${name}`;
        await socket.emitWithAck("join", room);
        const heard = [];
        const all = new Promise((resolve) =>
          socket.on("counted", (number) => {
            heard.push(number);
            // A little later, so that polls wait again.
            if (number % 60 === 25) setTimeout(way.cut, 1);
            if (number === 299) resolve();
          }),
        );
        socket.emit("count", room, 300, 2);
        await all;
        assert.deepEqual(heard, Array.from({ length: 300 }, (_, number) => number));
        assert.ok(connects.length > 1, "the line was cut");
        assert.deepEqual(connects.slice(1).filter((recovered) => !recovered), []);
        assert.equal(socket.id, id);
        assert.deepEqual(await socket.emitWithAck("rooms"), [room]);
      }));

    test("10: all that came while the client was away is repeated", () =>
      recoverable(async (socket, way, connects) => {
        const room = `away ${name}`;
        await socket.emitWithAck("join", room);
        const other = io(server.url, { forceNew: true, transports: ["websocket"] });
        await new Promise((resolve) => other.once("connect", resolve));
        const heard = [];
        socket.on("told", (value) => heard.push(value));
        await other.emitWithAck("tell", room, "before");
        way.bar();
        const again = new Promise((resolve) => socket.once("connect", resolve));
        for (let number = 0; number < 100; number += 1) await other.emitWithAck("tell", room, number);
        way.unbar();
        await again;
        await other.emitWithAck("tell", room, "after");
        await socket.emitWithAck("message-with-ack");
        assert.deepEqual(heard, ["before", ...Array.from({ length: 100 }, (_, number) => number), "after"]);
        assert.deepEqual(connects, [false, true]);
        other.disconnect();
      }));

    test("10: who disconnects on purpose, or is sent away, begins anew", () =>
      recoverable(async (socket, _, connects) => {
        const id = socket.id;
        await socket.emitWithAck("join", "gone");
        socket.disconnect().connect();
        await new Promise((resolve) => socket.once("connect", resolve));
        assert.notEqual(socket.id, id);
        assert.deepEqual(await socket.emitWithAck("rooms"), []);
        const gone = new Promise((resolve) => socket.once("disconnect", resolve));
        socket.emit("kick");
        await gone;
        socket.connect();
        await new Promise((resolve) => socket.once("connect", resolve));
        assert.deepEqual(connects, [false, false, false]);
      }));
  });
}

test("10: a client may come back by another transport", async () => {
  const way = await proxy();
  const socket = io(way.url, { forceNew: true, reconnectionDelay: 20, transports: ["websocket"] });
  await new Promise((resolve) => socket.once("connect", resolve));
  await socket.emitWithAck("join", "other transport");
  socket.io.opts.transports = ["polling"];
  way.cut();
  await new Promise((resolve) => socket.once("connect", resolve));
  assert.equal(socket.recovered, true);
  assert.equal(socket.io.engine.transport.name, "polling");
  assert.deepEqual(await socket.emitWithAck("rooms"), ["other transport"]);
  socket.disconnect();
  way.close();
});
