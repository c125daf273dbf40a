// The official JavaScript client against the crate's example server, over each way to carry it.
// Numbers in titles are the sections of docs/contracts/socketio.md.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { io } from "socket.io-client";
import { start } from "./server.js";

let server;
before(async () => {
  server = await start();
});
after(() => server.stop());

const ways = {
  polling: { transports: ["polling"] },
  websocket: { transports: ["websocket"] },
  upgrade: { transports: ["polling", "websocket"] },
};

for (const [way, options] of Object.entries(ways)) {
  describe(way, () => {
    const sockets = [];
    const open = (namespace = "/", more = {}) => {
      const socket = io(server.url + namespace, { forceNew: true, reconnection: false, ...options, ...more });
      sockets.push(socket);
      return socket;
    };
    after(() => sockets.forEach((socket) => socket.disconnect()));

    async function connected(namespace, more) {
      const socket = open(namespace, more);
      await next(socket, "connect");
      return socket;
    }

    test("5: what on_connect emits arrives after the connect", async () => {
      const socket = open("/", { auth: { token: "123" } });
      const order = [];
      socket.on("connect", () => order.push("connect"));
      const [auth] = await next(socket, "auth");
      assert.deepEqual([auth, order], [{ token: "123" }, ["connect"]]);
      assert.ok(!socket.recovered);
    });

    test("2: the transport is what was asked for", async () => {
      const socket = await connected();
      const { engine } = socket.io;
      const expected = way === "polling" ? "polling" : "websocket";
      if (engine.transport.name !== expected) await new Promise((resolve) => engine.once("upgrade", resolve));
      assert.equal(engine.transport.name, expected);
      assert.deepEqual(await socket.emitWithAck("message-with-ack", "after"), "after");
    });

    test("6: text and JSON go there and back", async () => {
      const socket = await connected();
      const sent = [1, "grüße, 世界 🎉 \u2028 \u001e", { a: [true, null, 1.5] }, [], ""];
      const back = next(socket, "message-back");
      socket.emit("message", ...sent);
      assert.deepEqual(await back, sent);
    });

    test("7: binary data go there and back, wherever they stand", async () => {
      const socket = await connected();
      const back = next(socket, "message-back");
      socket.emit("message", Buffer.from([1, 2, 3]), { deep: [{ er: Buffer.from([4]) }] }, "text", Buffer.alloc(0));
      const [one, { deep }, text, none] = await back;
      assert.deepEqual([[...one], [...deep[0].er], text, [...none]], [[1, 2, 3], [4], "text", []]);
    });

    test("6: acknowledgements have the arguments that the handler returns", async () => {
      const socket = await connected();
      const got = await new Promise((resolve) => socket.emit("message-with-ack", 1, { a: 2 }, (...args) => resolve(args)));
      assert.deepEqual(got, [1, { a: 2 }]);
      const bytes = await socket.emitWithAck("message-with-ack", Buffer.from([9, 8]));
      assert.deepEqual([...bytes], [9, 8]);
    });

    test("6: the server asks while it handles an event of the same client", async () => {
      const socket = await connected();
      socket.on("question", (number, answer) => answer(number * 2));
      assert.equal(await socket.emitWithAck("ask", 21), 42);
      socket.off("question");
      socket.on("question", (bytes, answer) => answer(Buffer.concat([bytes, bytes])));
      assert.deepEqual([...(await socket.emitWithAck("ask", Buffer.from([7])))], [7, 7]);
    });

    test("6: what is wrong is told by the product", async () => {
      const socket = await connected();
      const heard = next(socket, "error");
      socket.emit("join", { not: "a text" });
      assert.match((await heard)[0].message, /invalid type/);
    });

    test("5: namespaces are apart, and refusals have data", async () => {
      const main = await connected();
      const custom = main.io.socket("/custom", { auth: { token: "abc" } });
      const [auth] = await next(custom, "auth");
      assert.deepEqual(auth, { token: "abc" });
      assert.notEqual(custom.id, main.id);
      const closed = main.io.socket("/closed");
      const [error] = await next(closed, "connect_error");
      assert.deepEqual([error.message, error.data], ["Not authorized", { code: 7 }]);
      const unknown = main.io.socket("/unknown");
      assert.equal((await next(unknown, "connect_error"))[0].message, "Invalid namespace");
      assert.equal(await main.emitWithAck("message-with-ack", 5), 5, "the others do not mind");
    });

    test("8: rooms", async () => {
      const [ann, ben, cid] = await Promise.all([connected(), connected(), connected()]);
      const room = `room ${way}`;
      await Promise.all([ann.emitWithAck("join", room), ben.emitWithAck("join", room)]);
      assert.deepEqual(await ann.emitWithAck("rooms"), [room]);
      const heard = [];
      for (const socket of [ann, ben, cid]) socket.on("told", (value) => heard.push([socket.id, value]));
      assert.equal(await ann.emitWithAck("tell", room, { a: 1 }), 1);
      await ben.emitWithAck("message-with-ack");
      assert.deepEqual(heard, [[ben.id, { a: 1 }]]);
      await ben.emitWithAck("leave", room);
      assert.equal(await ann.emitWithAck("tell", room, 2), 0);
    });

    test("6: a flood keeps its order, also across the upgrade", async () => {
      const socket = open();
      const back = [];
      const all = new Promise((resolve) =>
        socket.on("message-back", (number) => {
          back.push(number);
          if (number === 1999) resolve();
        }),
      );
      for (let number = 0; number < 2000; number += 1) {
        socket.emit("message", number);
        if (number % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await all;
      assert.deepEqual(back, Array.from({ length: 2000 }, (_, number) => number));
    });

    test("6: events are handled one after another, those of others beside", async () => {
      const [ann, ben] = await Promise.all([connected(), connected()]);
      const order = [];
      const slow = ann.emitWithAck("slowly", "slow", 300).then(() => order.push("slow"));
      const quick = ann.emitWithAck("slowly", "quick", 0).then(() => order.push("quick"));
      const other = ben.emitWithAck("slowly", "other", 0).then(() => order.push("other"));
      await Promise.all([slow, quick, other]);
      assert.deepEqual(order, ["other", "slow", "quick"]);
    });

    test("9: who is sent away knows it", async () => {
      const socket = await connected();
      const gone = next(socket, "disconnect");
      socket.emit("kick");
      assert.deepEqual((await gone)[0], "io server disconnect");
    });
  });
}

function next(socket, event) {
  return new Promise((resolve) => socket.once(event, (...args) => resolve(args)));
}
