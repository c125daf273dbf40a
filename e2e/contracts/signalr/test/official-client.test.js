// The official JavaScript client against the crate's example hub, over every transport.
// Numbers in titles are the sections of docs/contracts/signalr.md.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as signalR from "@microsoft/signalr";
import { start } from "./server.js";

let server;
before(async () => {
  server = await start();
});
after(() => server.stop());

function build(transport, options = {}) {
  return new signalR.HubConnectionBuilder()
    .withUrl(`${server.url}/testhub`, { transport, ...options })
    .configureLogging(signalR.LogLevel.None)
    .build();
}

/** Runs `body` with a started connection, and stops it whatever happens. */
async function connected(transport, body, options) {
  const connection = build(transport, options);
  await connection.start();
  try {
    await body(connection);
  } finally {
    await connection.stop();
  }
}

function closed(connection) {
  return new Promise((resolve) => connection.onclose((error) => resolve(error)));
}

function next(connection, event) {
  return new Promise((resolve) => connection.on(event, (...args) => resolve(args)));
}

for (const name of ["WebSockets", "ServerSentEvents", "LongPolling"]) {
  const transport = signalR.HttpTransportType[name];

  describe(name, () => {
    test("4: the connection is carried by the transport asked for", () =>
      connected(transport, async (connection) => {
        assert.equal(await connection.invoke("GetActiveTransportName"), name);
      }));

    test("2: both sides agree on the connection id", () =>
      connected(transport, async (connection) => {
        assert.equal(await connection.invoke("GetCallerConnectionId"), connection.connectionId);
      }));

    test("9: calls return what methods return", () =>
      connected(transport, async (connection) => {
        assert.equal(await connection.invoke("Echo", "grüße, 世界 🎉"), "grüße, 世界 🎉");
        assert.equal(await connection.invoke("Echo", null), null);
        assert.equal(await connection.invoke("Add", 2, 3), 5);
        assert.equal(await connection.invoke("Void"), null);
      }));

    test("9: method names are matched in any case", () =>
      connected(transport, async (connection) => {
        assert.equal(await connection.invoke("eCHO", "x"), "x");
      }));

    test("9: many calls at once are answered each with its own", () =>
      connected(transport, async (connection) => {
        const texts = Array.from({ length: 200 }, (_, index) => `text ${index}`);
        assert.deepEqual(await Promise.all(texts.map((text) => connection.invoke("Echo", text))), texts);
      }));

    test("9: calls of one connection run one after another", () =>
      connected(transport, async (connection) => {
        const done = [];
        await Promise.all([
          connection.invoke("Slow", 100).then(() => done.push("slow")),
          connection.invoke("Echo", "x").then(() => done.push("echo")),
        ]);
        assert.deepEqual(done, ["slow", "echo"]);
      }));

    test("9: errors have the texts the client's users know", () =>
      connected(transport, async (connection) => {
        const fails = async (call, message) => assert.rejects(call, (error) => error.message === message);
        await fails(
          connection.invoke("Nope"),
          "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist.",
        );
        await fails(
          connection.invoke("ThrowHubException", "no"),
          "An unexpected error occurred invoking 'ThrowHubException' on the server. HubException: no",
        );
        await fails(
          connection.invoke("ThrowException", "broken"),
          "An unexpected error occurred invoking 'ThrowException' on the server. InvalidOperationException: broken",
        );
        await fails(
          connection.invoke("Add", 1),
          "Failed to invoke 'Add' due to an error on the server. " +
            "InvalidDataException: Invocation provides 1 argument(s) but target expects 2.",
        );
        assert.equal(await connection.invoke("Echo", "still here"), "still here");
      }));

    test("9: a plain method cannot be streamed", () =>
      connected(transport, async (connection) => {
        const error = await new Promise((resolve) =>
          connection.stream("Echo", "x").subscribe({ next() {}, complete() {}, error: resolve }),
        );
        assert.equal(
          error.message,
          "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation.",
        );
      }));

    test("9: a send without an answer arrives", () =>
      connected(transport, async (connection) => {
        const message = next(connection, "Message");
        await connection.send("InvokeWithString", "to myself");
        assert.deepEqual(await message, ["to myself"]);
      }));

    test("a large message makes it both ways", () =>
      connected(transport, async (connection) => {
        const text = "x".repeat(32_000);
        assert.equal(await connection.invoke("Echo", text), text);
      }));

    test("groups: who is in hears, who has left does not", () =>
      connected(transport, (one) =>
        connected(transport, async (two) => {
          const group = `room ${name}`;
          await one.invoke("JoinGroup", group);
          await two.invoke("JoinGroup", group);
          const heard = next(one, "Message");
          await two.invoke("SendToGroup", group, "hello");
          assert.deepEqual(await heard, ["hello"]);

          const more = [];
          one.on("Message", (text) => more.push(text));
          await one.invoke("LeaveGroup", group);
          await two.invoke("SendToGroup", group, "gone?");
          await one.invoke("Echo", "after");
          assert.deepEqual(more, []);
        }),
      ));

    test("14: stopping is a normal end", async () => {
      const connection = build(transport);
      const end = closed(connection);
      await connection.start();
      await connection.stop();
      assert.equal(await end, undefined);
    });

    test("14: an abort by the server is a normal end", async () => {
      const connection = build(transport);
      const end = closed(connection);
      await connection.start();
      await connection.send("AbortMe");
      assert.equal(await end, undefined);
    });

    test("14: a message beyond the limit ends the connection with an error", async () => {
      const connection = build(transport);
      const end = closed(connection);
      await connection.start();
      connection.invoke("Echo", "x".repeat(40_000)).catch(() => {});
      const error = await end;
      assert.match(error.message, /Connection closed with an error\./);
    });

    test("14: after `close_all` clients come back by themselves", async () => {
      const connection = new signalR.HubConnectionBuilder()
        .withUrl(`${server.url}/testhub`, { transport })
        .withAutomaticReconnect([0])
        .configureLogging(signalR.LogLevel.None)
        .build();
      const back = new Promise((resolve) => connection.onreconnected(resolve));
      await connection.start();
      const before = connection.connectionId;
      await connection.send("CloseAll");
      assert.notEqual(await back, before);
      assert.equal(await connection.invoke("Echo", "again"), "again");
      await connection.stop();
    });

    test("5: methods see the headers of the transport request", () =>
      connected(
        transport,
        async (connection) => {
          assert.equal(await connection.invoke("GetHeader", "X-Shop"), "blue");
        },
        { headers: { "X-Shop": "blue" } },
      ));
  });
}

test("4.1: a WebSocket needs no negotiation", () =>
  connected(
    signalR.HttpTransportType.WebSockets,
    async (connection) => assert.equal(await connection.invoke("Echo", "x"), "x"),
    { skipNegotiation: true },
  ));

test("4: without a wish the client gets WebSockets", () =>
  connected(undefined, async (connection) => {
    assert.equal(await connection.invoke("GetActiveTransportName"), "WebSockets");
  }));

test("7: an unknown protocol is refused by name", async () => {
  const strange = new signalR.JsonHubProtocol();
  Object.defineProperty(strange, "name", { value: "bson" });
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(`${server.url}/testhub`)
    .withHubProtocol(strange)
    .configureLogging(signalR.LogLevel.None)
    .build();
  await assert.rejects(connection.start(), /The protocol 'bson' is not supported\./);
});
