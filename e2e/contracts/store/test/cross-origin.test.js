// signalr.md section 6: the widget lives on foreign pages, and browsers ask first.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Parlor } from "../../support/parlor.js";
import { Shop } from "./support/people.js";
import { within } from "../../support/wait.js";

const ORIGIN = "https://shop.example";

let parlor, shop;
before(async () => {
  parlor = await Parlor.start();
  shop = await Shop.open(parlor);
});
after(() => parlor?.clear());

const hub = () => `${parlor.url}/hubs/widget-chat`;
const from = (method, url, headers = {}, body) =>
  within(fetch(url, { method, headers: { Origin: ORIGIN, ...headers }, body }), `${method} ${url}`);
const list = (response, name) =>
  (response.headers.get(name) ?? "").split(",").map((item) => item.trim().toLowerCase());

/** What a browser wants to see before a page may read the answer to a request with credentials. */
function lets(response, what) {
  assert.equal(response.headers.get("Access-Control-Allow-Origin"), ORIGIN, what);
  assert.equal(response.headers.get("Access-Control-Allow-Credentials"), "true", what);
  assert.ok(list(response, "Vary").includes("origin"), what);
}

test("6: the preflight allows the client's methods and headers", async () => {
  for (const url of [`${hub()}/negotiate?negotiateVersion=1`, `${hub()}?id=x`]) {
    for (const method of ["GET", "POST", "DELETE"]) {
      const response = await from("OPTIONS", url, {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,x-requested-with,x-signalr-user-agent",
      });
      assert.equal(response.status, 204, url);
      lets(response, url);
      for (const allowed of ["get", "post", "delete"]) {
        assert.ok(list(response, "Access-Control-Allow-Methods").includes(allowed), allowed);
      }
      for (const header of ["x-requested-with", "x-signalr-user-agent", "authorization", "content-type"]) {
        assert.ok(list(response, "Access-Control-Allow-Headers").includes(header), header);
      }
    }
  }
});

test("6: a foreign page may negotiate, poll, post and hang up, with credentials", async () => {
  const negotiated = await from("POST", `${hub()}/negotiate?negotiateVersion=1`, { Cookie: "theirs=1" });
  assert.equal(negotiated.status, 200);
  lets(negotiated, "negotiate");
  const { connectionToken } = await negotiated.json();
  const connection = `${hub()}?id=${connectionToken}`;
  const steps = [
    ["GET", 200],
    ["POST", 200, '{"protocol":"json","version":1}\x1e'],
    ["GET", 200],
    ["DELETE", 202],
  ];
  for (const [method, status, body] of steps) {
    const response = await from(method, connection, {}, body);
    assert.equal(response.status, status, method);
    lets(response, method);
    await response.arrayBuffer();
  }
});

test("6: a foreign page may open an event stream", async () => {
  const negotiated = await from("POST", `${hub()}/negotiate?negotiateVersion=1`);
  const { connectionToken } = await negotiated.json();
  const stream = await from("GET", `${hub()}?id=${connectionToken}`, { Accept: "text/event-stream" });
  assert.equal(stream.status, 200);
  assert.match(stream.headers.get("Content-Type"), /^text\/event-stream/);
  lets(stream, "event stream");
  await stream.body.cancel();
});

test("6: errors can be read by a foreign page too", async () => {
  const response = await from("GET", `${hub()}?id=unknown`);
  assert.equal(response.status, 404);
  lets(response, "unknown id");
});

test("6: two origins get each its own answer", async () => {
  for (const origin of ["https://one.example", "http://localhost:3000"]) {
    const response = await from("POST", `${hub()}/negotiate?negotiateVersion=1`, { Origin: origin });
    assert.equal(response.headers.get("Access-Control-Allow-Origin"), origin);
  }
});

test("6: the visitors' REST door lets foreign pages in alike", async () => {
  const url = `${parlor.url}/api/v1/widget/chat/${shop.channelToken}/messages`;
  const asked = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" };
  const preflight = await from("OPTIONS", url, asked);
  assert.equal(preflight.status, 204);
  lets(preflight, "preflight");
  const body = JSON.stringify({ sessionId: "a-visitor-from-a-foreign-page", text: "Hello" });
  const sent = await from("POST", url, { "Content-Type": "application/json" }, body);
  assert.equal(sent.status, 200);
  lets(sent, "send");
});
