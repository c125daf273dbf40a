// Two organisations that must never meet: every event and endpoint with the other's ids. Unknown and forbidden look the same.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { Parlor } from "../../support/parlor.js";
import { Shop, withSockets } from "./support/people.js";

let parlor, ours, theirs;
before(async () => {
  parlor = await Parlor.start({ flags: ["--rate-limits", "off"] });
  ours = await (await Shop.open(parlor)).silenceAssistant();
  theirs = await (await Shop.open(parlor)).silenceAssistant();
});
after(() => parlor?.clear());

test("S13: no event opens another organisation's conversation", () =>
  withSockets(async (open) => {
    const victim = await theirs.visitor("Private");
    const listening = await open(victim.joins());
    const mallory = await ours.visitor();
    const [{ id: message }] = await victim.history();
    const agent = await open(ours.owner.socket().connected());
    const visitor = await open(mallory.joins());
    for (const id of [victim.conversationId, randomUUID()]) {
      const unknown = { error: "Conversation not found." };
      assert.deepEqual(await agent.asks("join_conversation", { conversation_id: id }), unknown);
      assert.deepEqual(await agent.asks("claim_conversation", { conversation_id: id }), unknown);
      assert.deepEqual(await agent.asks("send_message", { conversation_id: id, content: "x", sender_type: "agent" }), unknown);
      assert.deepEqual(await agent.asks("mark_read", { conversation_id: id, message_ids: [message] }), unknown);
      const as = { conversation_id: id, external_id: mallory.externalId };
      assert.deepEqual(await visitor.asks("join_conversation", as), unknown);
      assert.deepEqual(await visitor.asks("send_message", { ...as, content: "x", sender_type: "end_user" }), unknown);
      assert.deepEqual(await visitor.asks("mark_read", { ...as, message_ids: [message] }), unknown);
      const unjoined = { error: "Join the conversation first." };
      assert.deepEqual(await visitor.asks("user_typing", { conversation_id: id, sender_type: "end_user" }), unjoined);
      assert.deepEqual(await agent.asks("user_typing", { conversation_id: id, sender_type: "agent" }), unjoined);
    }
    await victim.says(listening, "Still private");
    await listening.next("message_received");
    assert.deepEqual(listening.heard.items.map(([event]) => event), ["message_received"]);
    assert.deepEqual([agent.all("message_received"), visitor.all("message_received")], [[], []]);
    assert.equal((await victim.history()).length, 2);
  }));

test("S13: a queue and a presence room are the organisation's own", () =>
  withSockets(async (open) => {
    const agent = await open(ours.owner.socket().connected());
    await agent.asks("join_queue");
    await agent.asks("join_org_presence");
    const visitor = await theirs.visitor("Unheard");
    const other = await open(theirs.owner.socket().connected());
    await other.asks("claim_conversation", { conversation_id: visitor.conversationId });
    const own = await ours.visitor("Heard");
    await agent.heard.until(() => agent.all("conversation_updated").length > 0, "the own conversation");
    assert.deepEqual(agent.all("conversation_updated").map(({ conversation_id }) => conversation_id), [own.conversationId]);
    assert.deepEqual(agent.all("conversation_assigned"), []);
    assert.deepEqual(agent.all("agent_status_changed").filter(({ agent_id }) => agent_id === theirs.owner.id), []);
  }));

test("S13: the same external id on two channels is two visitors", () =>
  withSockets(async (open) => {
    const here = await ours.visitor("Here");
    const there = await theirs.visitor("There");
    there.externalId = here.externalId;
    there.conversationId = (await there.writes("There, too")).conversationId;
    const listening = await open(here.joins());
    const speaking = await open(there.joins());
    await there.says(speaking, "Not for the others");
    await here.says(listening, "For us");
    await listening.next("message_received");
    assert.deepEqual(listening.all("message_received").map(({ content }) => content), ["For us"]);
  }));

test("R8: no endpoint opens another organisation's conversation", async () => {
  const victim = await theirs.visitor("Private");
  for (const id of [victim.conversationId, randomUUID(), "no-id"]) {
    for (const [method, path, body] of [
      ["GET", ""],
      ["GET", "/messages"],
      ["POST", "/assign"],
      ["POST", "/resolve", { tags: ["x"] }],
      ["POST", "/tags", { tags: ["x"] }],
      ["POST", "/reopen"],
      ["POST", "/messages", { content: "x" }],
      ["POST", "/read", { message_ids: [randomUUID()] }],
    ]) {
      const answer = await ours.owner.asks(method, `/api/conversations/${id}${path}`, body);
      assert.equal(answer.status, 404, `${method} ${path} of ${id}: ${JSON.stringify(answer.body)}`);
      assert.deepEqual(Object.keys(answer.body), ["error"]);
    }
  }
  const listed = await ours.owner.does("GET", "/api/conversations/?filter=all&limit=200");
  assert.ok(!listed.some(({ id }) => id === victim.conversationId));
  assert.equal((await victim.history()).length, 1);
});
