// `/hubs/store-conversations`: the staff's hub, its tokens and its one event.
// Titles name the clause: sections of signalr.md, flows of the website-chat-websocket-flow document.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import * as signalR from "@microsoft/signalr";
import WebSocket from "ws";
import { Parlor } from "../../support/parlor.js";
import { isNewCustomerMessage, refusedBy } from "./support/payloads.js";
import { ask } from "../../support/http.js";
import { TRANSPORTS, Shop, claimsOf, sign, withHubs } from "./support/people.js";
import { within } from "../../support/wait.js";

let parlor, shop, owner;
before(async () => {
  parlor = await Parlor.start();
  shop = await Shop.open(parlor);
  owner = await shop.signIn();
  await owner.does("POST", `social/channels/${shop.channelId}/toggle-agent`, { isAgentEnabled: false });
});
after(() => parlor?.clear());

/** In browsers a WebSocket takes no headers; the client then puts the token into the query. */
class BrowserSocket extends WebSocket {
  constructor(url, protocols, { headers: { Authorization } }) {
    super(`${url}&access_token=${encodeURIComponent(Authorization.replace("Bearer ", ""))}`, protocols);
  }
}

/** How a token comes along: by header on polls and posts, by query on event streams and browsers' sockets. */
const WAYS = [
  ...TRANSPORTS.map((transport) => ({ name: transport, transport, options: {} })),
  { name: "WebSockets of a browser", transport: "WebSockets", options: { WebSocket: BrowserSocket } },
];

test("websocket-flow, client usage: the sample for stores works as it is printed", async () => {
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(`${parlor.url}/hubs/store-conversations`, { accessTokenFactory: () => owner.accessToken })
    .withAutomaticReconnect()
    .configureLogging(signalR.LogLevel.None)
    .build();
  const updated = new Promise((resolve) => connection.on("NewCustomerMessage", resolve));
  await within(connection.start(), "the start of the connection");
  await within(connection.invoke("JoinStore"), "JoinStore");
  await shop.visitor().writes("Anybody there?");
  assert.equal((await within(updated, "the notification")).contentText, "Anybody there?");
  await within(connection.stop(), "the end of the connection");
});

for (const { name, transport, options } of WAYS) {
  describe(name, () => {
    test("16, flow 5: JoinStore results in null, and NewCustomerMessage has seven properties", () =>
      withHubs(async (open) => {
        const hub = await open(owner.hub(transport, options).start());
        assert.equal(await hub.invoke("JoinStore"), null);
        const visitor = shop.visitor();
        const { conversationId, messages } = await visitor.writes("Hello, I have a question", { contactDisplayName: "Ahmed" });
        const [[event, payload]] = await hub.heard.first(1, "the notification");
        assert.equal(event, "NewCustomerMessage");
        isNewCustomerMessage(payload, {
          channelId: shop.channelId,
          contactDisplayName: "Ahmed",
          externalContactId: visitor.sessionId,
          messageId: messages[0].id,
          contentText: "Hello, I have a question",
        });
        assert.equal(payload.conversationId, conversationId);
        assert.equal(payload.createdAt, messages[0].createdAt);
      }));

    test("16: a visitor without a name has the name null", () =>
      withHubs(async (open) => {
        const hub = await open(owner.joins(transport, options));
        await shop.visitor().writes("Nobody in particular");
        const [[, payload]] = await hub.heard.first(1, "the notification");
        assert.equal(payload.contactDisplayName, null);
      }));

    test("5: a token that has expired opens nothing, the same one with time left does", () =>
      withHubs(async (open) => {
        const claims = claimsOf(owner.accessToken);
        const now = Math.floor(Date.now() / 1000);
        const expired = sign(parlor.place, { ...claims, iat: now - 7200, exp: now - 3600 });
        const resigned = sign(parlor.place, claims);
        await isUnauthorized(owner.hub(transport, { ...options, accessTokenFactory: () => expired }));
        await open(owner.joins(transport, { ...options, accessTokenFactory: () => resigned }));
      }));

    test("5: a forged token opens nothing", async () => {
      const claims = claimsOf(owner.accessToken);
      const [head, body] = owner.accessToken.split(".");
      const unsigned = Buffer.from(JSON.stringify({ typ: "JWT", alg: "none" })).toString("base64url");
      const forgeries = [
        sign(parlor.place, claims, randomBytes(32)),
        `${unsigned}.${body}.`,
        `${head}.${body}.`,
        "no token at all",
      ];
      for (const forgery of forgeries) {
        await isUnauthorized(owner.hub(transport, { ...options, accessTokenFactory: () => forgery }));
      }
    });

    test("5: without a token nothing opens", () =>
      isUnauthorized(owner.hub(transport, { accessTokenFactory: undefined })));

    test("9, 16: JoinStore takes no argument", () =>
      withHubs(async (open) => {
        const hub = await open(owner.hub(transport, options).start());
        await assert.rejects(hub.invoke("JoinStore", shop.accountId), {
          message: "Failed to invoke 'JoinStore' due to an error on the server.",
        });
      }));

    test("16: a token whose store_id is no id may connect but not join", () =>
      withHubs(async (open) => {
        const odd = sign(parlor.place, { ...claimsOf(owner.accessToken), store_id: "not an id" });
        const hub = await open(owner.hub(transport, { ...options, accessTokenFactory: () => odd }).start());
        const refused = refusedBy("JoinStore", "The token does not hold a valid store_id claim.");
        await assert.rejects(hub.invoke("JoinStore"), refused);
      }));

    test("product, sign-in: signing out closes the connections of this sign-in, for good, and no other", () =>
      withHubs(async (open) => {
        const [leaving, staying] = [await shop.signIn(), await shop.signIn()];
        const gone = await open(leaving.joins(transport, options));
        const here = await open(staying.joins(transport, options));
        await leaving.signOut();
        const [error] = await gone.closed.first(1, "the end of the connection");
        assert.equal(error, undefined);
        assert.deepEqual(gone.closes.items, [{ type: signalR.MessageType.Close }]);
        assert.deepEqual(gone.reconnecting.items, []);
        await isUnauthorized(leaving.hub(transport, options));
        await shop.visitor().writes("Who is still here?");
        await here.heard.first(1, "the notification");
        assert.deepEqual(gone.texts, []);
      }));
  });
}

/** The client's own words for a 401, which programs look for. */
async function isUnauthorized(hub) {
  await assert.rejects(hub.start(), {
    message: "Failed to complete negotiation with the server: Error: Unauthorized: Status code '401'",
  });
}

describe("tokens, request by request", () => {
  const hub = () => `${parlor.url}/hubs/store-conversations`;

  test("5: a token that expires while its connection polls is refused from then on", () =>
    withHubs(async (open) => {
      const claims = claimsOf(owner.accessToken);
      const brief = sign(parlor.place, { ...claims, exp: Math.floor(Date.now() / 1000) + 3 });
      const store = await open(owner.joins("LongPolling", { accessTokenFactory: () => brief }));
      const channels = `${parlor.url}/api/v1/store/social/channels`;
      // Only time ends a token, so time has to pass.
      const expires = async () => {
        while ((await ask("GET", channels, { token: brief })).status !== 401) await setTimeout(100);
      };
      await within(expires(), "the end of the token");
      await assert.rejects(store.invoke("JoinStore"), { message: "Unauthorized: Status code '401'" });
    }));

  test("5: the token counts by header and by query, in any case of the key, and the header wins", async () => {
    const negotiate = `${hub()}/negotiate?negotiateVersion=1`;
    const good = owner.accessToken;
    assert.equal((await ask("POST", negotiate, { token: good })).status, 200);
    assert.equal((await ask("POST", `${negotiate}&access_token=${good}`)).status, 200);
    assert.equal((await ask("POST", `${negotiate}&ACCESS_Token=${good}`)).status, 200);
    assert.equal((await ask("POST", `${negotiate}&access_token=${good}`, { token: "bad" })).status, 401);
    assert.equal((await ask("POST", `${negotiate}&access_token=bad`, { token: good })).status, 200);
    assert.equal((await ask("POST", negotiate)).status, 401);
  });

  test("5: every request of the hub is checked, before anything else", async () => {
    const { body } = await ask("POST", `${hub()}/negotiate?negotiateVersion=1`, { token: owner.accessToken });
    const connection = `${hub()}?id=${body.connectionToken}`;
    for (const method of ["GET", "POST", "DELETE"]) {
      assert.equal((await ask(method, connection)).status, 401, method);
      assert.equal((await ask(method, `${hub()}?id=unknown`)).status, 401, method);
    }
    const socket = new WebSocket(connection.replace("http", "ws"));
    const answered = new Promise((resolve) => {
      socket.on("unexpected-response", (request, response) => {
        resolve(response.statusCode);
        request.destroy();
      });
      socket.on("open", () => resolve("open"));
      socket.on("error", () => {});
    });
    assert.equal(await within(answered, "the answer to the upgrade"), 401);
  });
});
