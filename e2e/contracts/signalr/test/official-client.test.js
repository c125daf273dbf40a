// The official JavaScript client against the crate's example hub, over every transport.
// Numbers in titles are the sections of docs/contracts/signalr.md.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as signalR from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { start } from "./server.js";

let server;
before(async () => {
  server = await start();
});
after(() => server.stop());

/** A fresh one for each connection: protocols keep state. */
let protocol = () => new signalR.JsonHubProtocol();

function build(transport, options = {}, hub = "testhub") {
  return new signalR.HubConnectionBuilder()
    .withUrl(`${server.url}/${hub}`, { transport, ...options })
    .withHubProtocol(protocol())
    .configureLogging(signalR.LogLevel.None)
    .build();
}

/** All items of a stream, and its error if it failed. */
function all(stream) {
  return new Promise((resolve) => {
    const items = [];
    stream.subscribe({
      next: (item) => items.push(item),
      complete: () => resolve({ items }),
      error: (error) => resolve({ items, error: error.message }),
    });
  });
}

/** Runs `body` with a started connection, and stops it whatever happens. */
async function connected(transport, body, options, hub) {
  const connection = build(transport, options, hub);
  await connection.start();
  try {
    await body(connection);
  } finally {
    await connection.stop();
  }
}

/** Bytes as numbers, text as it is. */
function bytes(value) {
  return typeof value === "string" ? value : [...value];
}

function closed(connection) {
  return new Promise((resolve) => connection.onclose((error) => resolve(error)));
}

function next(connection, event) {
  return new Promise((resolve) => connection.on(event, (...args) => resolve(args)));
}

const combinations = [
  ["WebSockets", "json"],
  ["ServerSentEvents", "json"],
  ["LongPolling", "json"],
  ["WebSockets", "messagepack"],
  ["LongPolling", "messagepack"],
];

for (const [name, format] of combinations) {
  const transport = signalR.HttpTransportType[name];

  describe(`${name}, ${format}`, () => {
    before(() => {
      protocol = () => (format === "json" ? new signalR.JsonHubProtocol() : new MessagePackHubProtocol());
    });

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

    test("8: objects look the same in every protocol", () =>
      connected(transport, async (connection) => {
        const custom = next(connection, "CustomObject");
        await connection.invoke("SendCustomObject", { Name: "Ann", Value: 42 });
        assert.deepEqual(await custom, [{ Name: "Ann", Value: 42 }]);

        const object = await connection.invoke("SendComplexObject");
        const expected = {
          String: "hello world",
          IntArray: [1, 2, 3],
          ByteArray: format === "json" ? "AQID" : new Uint8Array([1, 2, 3]),
          Guid: "00010203-0405-0607-0706-050403020100",
          DateTime: format === "json" ? "2000-01-01T00:00:00Z" : new Date(Date.UTC(2000, 0, 1)),
        };
        assert.deepEqual({ ...object, ByteArray: bytes(object.ByteArray) }, {
          ...expected,
          ByteArray: bytes(expected.ByteArray),
        });
        const echoed = await connection.invoke("EchoComplexObject", object);
        assert.deepEqual({ ...echoed, ByteArray: bytes(echoed.ByteArray) }, {
          ...object,
          ByteArray: bytes(object.ByteArray),
        });
      }));

    test("10: items of a stream arrive in order, then its end", () =>
      connected(transport, async (connection) => {
        assert.deepEqual(await all(connection.stream("Stream")), { items: ["a", "b", "c"] });
        assert.deepEqual(await all(connection.stream("EmptyStream")), { items: [] });
        const { items } = await all(connection.stream("Counter", 2000));
        assert.deepEqual(items, Array.from({ length: 2000 }, (_, index) => index));
      }));

    test("10: a stream that fails says so", () =>
      connected(transport, async (connection) => {
        const message = "An error occurred on the server while streaming results.";
        assert.deepEqual(await all(connection.stream("StreamThrowException", "no")), {
          items: [],
          error:
            "An unexpected error occurred invoking 'StreamThrowException' on the server. InvalidOperationException: no",
        });
        assert.deepEqual(await all(connection.stream("StreamFailsLater", "no")), {
          items: ["a"],
          error: `${message} InvalidOperationException: no`,
        });
        assert.deepEqual(await all(connection.stream("StreamFailsLaterHub", "no")), {
          items: ["a"],
          error: `${message} HubException: no`,
        });
        const error = "The client attempted to invoke the streaming 'Stream' method with a non-streaming invocation.";
        await assert.rejects(connection.invoke("Stream"), { message: error });
      }));

    test("10: a stream can be cancelled", () =>
      connected(transport, async (connection) => {
        const canceled = next(connection, "StreamCanceled");
        const stream = connection.stream("InfiniteStream").subscribe({ next() {}, complete() {}, error() {} });
        assert.equal(await connection.invoke("Echo", "beside it"), "beside it");
        stream.dispose();
        assert.deepEqual(await canceled, []);
      }));

    test("10: items go up while the call runs", () =>
      connected(transport, async (connection) => {
        const items = new signalR.Subject();
        const text = connection.invoke("StreamingConcat", items);
        for (const letter of "abcdefghijklmnopqrstuvwxyz") items.next(letter);
        items.complete();
        assert.equal(await text, "abcdefghijklmnopqrstuvwxyz");
      }));

    test("10: an upload that fails, or is of the wrong type, fails the call alone", () =>
      connected(transport, async (connection) => {
        const failed = new signalR.Subject();
        const text = connection.invoke("StreamingConcat", failed);
        failed.next("a");
        failed.error(new Error("changed my mind"));
        await assert.rejects(text, {
          message:
            "An unexpected error occurred invoking 'StreamingConcat' on the server. HubException: changed my mind",
        });
        const wrong = new signalR.Subject();
        const number = connection.invoke("StreamingConcat", wrong);
        wrong.next(1);
        await assert.rejects(number, /HubException: Failed to bind Stream message\./);
        assert.equal(await connection.invoke("Echo", "still here"), "still here");
      }));

    test("10: streams go both ways at once", () =>
      connected(transport, async (connection) => {
        const up = new signalR.Subject();
        const down = all(connection.stream("StreamEcho", up));
        for (const text of ["one", "two", "three"]) up.next(text);
        up.complete();
        assert.deepEqual(await down, { items: ["one", "two", "three"] });
      }));

    test("11: the server asks the client", () =>
      connected(transport, async (connection) => {
        connection.on("Ask", (number) => number * 2);
        assert.equal(await connection.invoke("AskClient", 21), 42);
      }));

    test("11: while a call waits for the client, others run", () =>
      connected(transport, async (connection) => {
        connection.on("Ask", async (number) => Number(await connection.invoke("Add", number, 1)));
        assert.equal(await connection.invoke("AskClient", 41), 42);
      }));

    test("11: a client that has no answer says so", () =>
      connected(transport, async (connection) => {
        const text = "An unexpected error occurred invoking 'AskClient' on the server. HubException:";
        await assert.rejects(connection.invoke("AskClient", 1), {
          message: `${text} Client didn't provide a result.`,
        });
        connection.on("Ask", () => "many");
        await assert.rejects(connection.invoke("AskClient", 1), {
          message:
            `${text} Error trying to deserialize result. ` +
            `Expected a whole number from -2147483648 to 2147483647, got string "many".`,
        });
        connection.off("Ask");
        connection.on("Ask", () => {
          throw new Error("no idea");
        });
        await assert.rejects(connection.invoke("AskClient", 1), { message: `${text} Error: no idea` });
      }));

    test("11: anybody on the server may ask", () =>
      connected(transport, async (connection) => {
        connection.on("Result", () => 10);
        const answer = await fetch(`${server.url}/clientresult/${connection.connectionId}`);
        assert.equal(await answer.text(), "10");
      }));

    test("14: a hub that refuses the connection ends it with an error", async () => {
      const refused = async (hub, text) => {
        const connection = build(transport, {}, hub);
        const end = closed(connection);
        await connection.start().then(
          async () => assert.equal((await end).message, `Server returned an error on close: ${text}`),
          (error) => assert.ok(error),
        );
      };
      const text = "Connection closed with an error.";
      await refused("throwonconnect", `${text} InvalidOperationException: no entry`);
      await refused("throwhubonconnect", `${text} HubException: no entry`);
    });

    test("5: a protected hub wants a token", async () => {
      await assert.rejects(build(transport, {}, "authorizedhub").start(), /Unauthorized/);
      const token = await (await fetch(`${server.url}/generateJwtToken`)).text();
      const connection = build(transport, { accessTokenFactory: () => token }, "authorizedhub");
      await connection.start();
      assert.equal(await connection.invoke("Echo", "in"), "in");
      await connection.stop();
    });

    test("2: a client that is sent elsewhere goes there", () =>
      connected(
        transport,
        async (connection) => {
          const times = await connection.invoke("GetNumRedirects");
          assert.ok(times > 0);
          assert.equal(await connection.invoke("Echo", "x"), "x");
          const again = await fetch(`${server.url}/redirect?baseUrl=`, { method: "POST" });
          assert.ok((await again.text()).includes(`numRedirects=${times + 1}`));
        },
        {},
        `redirect?numRedirects=0&baseUrl=${encodeURIComponent(server.url)}`,
      ));

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
        .withHubProtocol(protocol())
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

test("7: MessagePack cannot be carried by an event stream", async () => {
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(`${server.url}/testhub-nowebsockets`, { transport: signalR.HttpTransportType.ServerSentEvents })
    .withHubProtocol(new MessagePackHubProtocol())
    .configureLogging(signalR.LogLevel.None)
    .build();
  await assert.rejects(connection.start());
});

test("a group hears in both protocols", async () => {
  protocol = () => new signalR.JsonHubProtocol();
  await connected(undefined, async (json) => {
    protocol = () => new MessagePackHubProtocol();
    await connected(undefined, async (packed) => {
      await json.invoke("JoinGroup", "mixed");
      await packed.invoke("JoinGroup", "mixed");
      const heard = Promise.all([next(json, "Message"), next(packed, "Message")]);
      await json.invoke("SendToGroup", "mixed", "hello");
      assert.deepEqual(await heard, [["hello"], ["hello"]]);
    });
  });
  protocol = () => new signalR.JsonHubProtocol();
});

test("2: a hub may refuse old negotiations", async () => {
  const old = await fetch(`${server.url}/testhub-v1only/negotiate`, { method: "POST" });
  assert.deepEqual(await old.json(), {
    error: "The client requested version '0', but the server does not support this version.",
  });
  await connected(undefined, async (connection) => assert.equal(await connection.invoke("Echo", "x"), "x"), {}, "testhub-v1only");
});

test("4: a hub may do without WebSockets", () =>
  connected(
    undefined,
    async (connection) => assert.equal(await connection.invoke("GetActiveTransportName"), "ServerSentEvents"),
    {},
    "testhub-nowebsockets",
  ));

test("4.3: a poll without news ends, and the next one goes on", () =>
  connected(
    signalR.HttpTransportType.LongPolling,
    async (connection) => {
      await new Promise((resolve) => setTimeout(resolve, 2500));
      assert.equal(await connection.invoke("Echo", "x"), "x");
    },
    {},
    "testhub-shortpoll",
  ));

test("2: what a refused negotiation said is shown", () =>
  assert.rejects(build(undefined, {}, "bad-negotiate").start(), /Some response from server|Status code '400'/));

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
