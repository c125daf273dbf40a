// One hall, several doors: what is sent at one is heard at the others, stored once, in one order.
// Of the nine pairs of the three doors these are the four of the two that are open; store → tenant, org → tenant, and
// tenant → store, org and tenant come with the tenant door.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as signalR from "@microsoft/signalr";
import { Parlor } from "../../support/parlor.js";
import { told } from "../../support/http.js";
import { Heard, within } from "../../support/wait.js";
import { Shop, withSockets } from "./support/people.js";

let parlor, shop, token;
before(async () => {
  parlor = await Parlor.start({ flags: ["--rate-limits", "off"] });
  shop = await (await Shop.open(parlor)).silenceAssistant();
  const body = { email: shop.email, password: "correct horse battery" };
  token = (await told("POST", `${parlor.url}/api/v1/auth/login`, { body })).accessToken;
});
after(() => parlor?.clear());

/** A visitor who is connected to both doors at once, and both kinds of staff. */
async function everybody(open, visitor) {
  const heard = { widget: new Heard(), store: new Heard() };
  const hub = (path, options) =>
    new signalR.HubConnectionBuilder().withUrl(parlor.url + path, options).configureLogging(signalR.LogLevel.None).build();
  const widget = hub("/hubs/widget-chat");
  widget.on("MessageReceived", ({ contentText, direction }) => heard.widget.add([direction, contentText]));
  await widget.start();
  await widget.invoke("JoinSession", shop.channelToken, visitor.externalId);
  const store = hub("/hubs/store-conversations", { accessTokenFactory: () => token });
  store.on("NewCustomerMessage", ({ contentText }) => heard.store.add(contentText));
  await store.start();
  await store.invoke("JoinStore");
  const socket = await open(visitor.joins());
  const agent = await open(shop.owner.socket().connected());
  await agent.asks("join_conversation", { conversation_id: visitor.conversationId });
  await agent.asks("join_queue");
  const stop = () => Promise.allSettled([widget.stop(), store.stop()]);
  return { widget, store, socket, agent, heard, stop };
}

describe("pairs of doors", () => {
  for (const door of ["store", "org"]) {
    test(`a visitor's message at the ${door} door is heard at both`, () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const all = await everybody(open, visitor);
        try {
          const text = `by the ${door} door`;
          if (door === "store") await within(all.widget.invoke("SendMessage", shop.channelToken, visitor.externalId, text, null), "SendMessage");
          else await visitor.says(all.socket, text);
          assert.deepEqual(await all.heard.widget.first(1, "MessageReceived"), [["Inbound", text]]);
          assert.deepEqual(await all.heard.store.first(1, "NewCustomerMessage"), [text]);
          assert.equal((await all.socket.next("message_received")).content, text);
          assert.equal((await all.agent.next("message_received")).content, text);
          assert.equal((await all.agent.next("conversation_updated")).content, text);
        } finally {
          await all.stop();
        }
      }));

    test(`an agent's reply at the ${door} door is heard at both`, () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const all = await everybody(open, visitor);
        try {
          const text = `answered by the ${door} door`;
          const id = visitor.conversationId;
          const reply = `${parlor.url}/api/v1/store/social/conversations/${id}/messages`;
          if (door === "store") await told("POST", reply, { body: { text }, token });
          else await all.agent.asks("send_message", { conversation_id: id, content: text, sender_type: "agent" });
          assert.deepEqual(await all.heard.widget.first(1, "MessageReceived"), [["Outbound", text]]);
          assert.equal((await all.socket.next("message_received")).content, text);
          assert.equal((await all.agent.next("message_received")).sender_type, "agent");
          const stored = await told("GET", `${parlor.url}/api/v1/store/social/conversations/${id}`, { token });
          assert.deepEqual(stored.messages.map(({ contentText }) => contentText), ["Hello", text]);
          const listed = await shop.owner.does("GET", `/api/conversations/${id}/messages`);
          assert.deepEqual(listed.map(({ id, content }) => [id, content]), stored.messages.map(({ id, contentText }) => [id, contentText]));
        } finally {
          await all.stop();
        }
      }));
  }

  test("what is resolved or assigned at one door is so at the other", () =>
    withSockets(async (open) => {
      const visitor = await shop.visitor();
      const agent = await open(shop.owner.socket().connected());
      await agent.asks("join_queue");
      const social = `${parlor.url}/api/v1/store/social/conversations/${visitor.conversationId}`;
      await told("POST", `${social}/assign`, { token, body: { agentId: shop.owner.id } });
      assert.deepEqual(await agent.next("conversation_assigned"), {
        conversation_id: visitor.conversationId,
        assigned_to: shop.owner.id,
      });
      await shop.owner.does("POST", `/api/conversations/${visitor.conversationId}/resolve`, { tags: ["billing"] });
      assert.equal((await told("GET", social, { token })).status, "Resolved");
      await visitor.writes("One more thing");
      assert.equal((await shop.owner.does("GET", `/api/conversations/${visitor.conversationId}`)).active_session.status, "open");
    }));
});
