// The guide's events, by the official client over each of its ways. Titles name the clause of docs/contracts/org.md.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Parlor } from "../../support/parlor.js";
import { isError, isMessageReceived } from "./support/payloads.js";
import { Shop, WAYS, withSockets } from "./support/people.js";

for (const [way, transports] of Object.entries(WAYS)) {
  describe(way, () => {
    let parlor, shop;
    before(async () => {
      parlor = await Parlor.start({ flags: ["--rate-limits", "off"] });
      shop = await (await Shop.open(parlor)).silenceAssistant();
    });
    after(() => parlor?.clear());

    test("S2, S4: a visitor joins and writes, and hears the own message once", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const client = await open(visitor.joins({ transports }));
        const { message } = await visitor.says(client, "Where is my parcel?");
        const expected = {
          conversation_id: visitor.conversationId,
          sender_type: "end_user",
          sender_id: visitor.externalId,
          content: "Where is my parcel?",
        };
        isMessageReceived(message, expected);
        assert.deepEqual(await client.next("message_received"), message);
        await visitor.says(client, "Hello?");
        await client.next("message_received", 2);
        assert.deepEqual(client.all("message_received").map(({ content }) => content), [expected.content, "Hello?"]);
        assert.deepEqual(client.strange, []);
      }));

    test("S2: without asking for an acknowledgement it works as in the guide", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const client = await open(visitor.socket({ transports }).connected());
        client.emit("join_conversation", visitor.who);
        client.emit("send_message", { ...visitor.who, content: "Hi", content_type: "text", sender_type: "end_user" });
        isMessageReceived(await client.next("message_received"), {
          conversation_id: visitor.conversationId,
          sender_type: "end_user",
          sender_id: visitor.externalId,
          content: "Hi",
        });
      }));

    test("S3, S6: an agent hears of a message in the queue, claims the conversation and answers", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const client = await open(visitor.joins({ transports }));
        const agent = await open(shop.owner.socket({ transports }).connected());
        const other = await open((await shop.agent()).socket({ transports }).connected());
        assert.deepEqual(await agent.asks("join_queue"), { organization_id: shop.accountId });
        await other.asks("join_queue");
        await visitor.says(client, "Anybody there?");
        assert.deepEqual(await other.next("conversation_updated"), {
          conversation_id: visitor.conversationId,
          sender_type: "end_user",
          content_type: "text",
          content: "Anybody there?",
        });
        const claimed = await agent.asks("claim_conversation", { conversation_id: visitor.conversationId });
        assert.equal(claimed.assigned_agent_id, shop.owner.id);
        const assigned = { conversation_id: visitor.conversationId, assigned_to: shop.owner.id };
        assert.deepEqual(await other.next("conversation_assigned"), assigned);
        assert.deepEqual(await agent.next("conversation_assigned"), assigned);
        const again = await other.asks("claim_conversation", { conversation_id: visitor.conversationId });
        assert.match(again.error, /assigned/);

        const answer = { conversation_id: visitor.conversationId, content: "Yes!", sender_type: "agent" };
        const { message } = await agent.asks("send_message", answer);
        isMessageReceived(message, {
          conversation_id: visitor.conversationId,
          sender_type: "agent",
          sender_id: shop.owner.id,
          content: "Yes!",
        });
        assert.deepEqual(await client.next("message_received", 2), message);
        // Who claims sits in the conversation.
        assert.deepEqual(await agent.next("message_received"), message);
      }));

    test("S8: each side sees that the other types, until the message comes", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const client = await open(visitor.joins({ transports }));
        const agent = await open(shop.owner.socket({ transports }).connected());
        await agent.asks("join_conversation", { conversation_id: visitor.conversationId });
        const typing = { conversation_id: visitor.conversationId, sender_type: "end_user" };
        await client.asks("user_typing", typing);
        assert.deepEqual(await agent.next("typing_indicator"), typing);
        await visitor.says(client, "Done typing");
        assert.deepEqual(await agent.next("typing_cleared"), { conversation_id: visitor.conversationId });
        await agent.asks("user_typing", { ...typing, sender_type: "agent" });
        assert.deepEqual(await client.next("typing_indicator"), { ...typing, sender_type: "agent" });
        // Time ends it, too.
        await client.next("typing_cleared", 2);
        assert.equal(client.all("typing_indicator").length, 1, "nobody is told of their own typing");
      }));

    test("S9: marks of reading are kept and heard", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor("Please read this");
        const client = await open(visitor.joins({ transports }));
        const agent = await open(shop.owner.socket({ transports }).connected());
        await agent.asks("join_conversation", { conversation_id: visitor.conversationId });
        const [message] = await shop.owner.does("GET", `/api/conversations/${visitor.conversationId}/messages`);
        assert.deepEqual(message.read_by, {});
        const mark = { conversation_id: visitor.conversationId, message_ids: [message.id] };
        assert.deepEqual((await agent.asks("mark_read", mark)).message_ids, [message.id]);
        const read = await client.next("messages_read");
        assert.deepEqual(read.message_ids, [message.id]);
        assert.equal(read.reader_id, shop.owner.id);
        const [after] = await shop.owner.does("GET", `/api/conversations/${visitor.conversationId}/messages`);
        assert.deepEqual(Object.keys(after.read_by), [shop.owner.id]);
      }));

    test("S7: an agent is online as long as any tab is", () =>
      withSockets(async (open) => {
        const watcher = await open(shop.owner.socket({ transports }).connected());
        const { online } = await watcher.asks("join_org_presence");
        assert.ok(online.includes(shop.owner.id));
        const colleague = await shop.agent();
        const first = await open(colleague.socket({ transports }).connected());
        const came = { agent_id: colleague.id, status: "online" };
        await watcher.heard.until(() => watcher.all("agent_status_changed").some((told) => told.agent_id === colleague.id), "online");
        const second = await open(colleague.socket({ transports }).connected());
        first.close();
        // The second tab is still there: nothing is told until it goes, too.
        await second.asks("join_queue");
        second.close();
        await watcher.heard.until(
          () => watcher.all("agent_status_changed").some(({ agent_id, status }) => agent_id === colleague.id && status === "offline"),
          "offline",
        );
        const told = watcher.all("agent_status_changed").filter(({ agent_id }) => agent_id === colleague.id);
        assert.deepEqual(told, [came, { ...came, status: "offline" }]);
      }));

    test("S10: what is refused is told to the sender alone, and nothing is stored", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const client = await open(visitor.joins({ transports }));
        const bystander = await open(visitor.joins({ transports }));
        const refused = async (event, payload, message) => {
          const before = client.all("error").length;
          const answer = await client.asks(event, payload);
          isError(await client.next("error", before + 1), message);
          assert.deepEqual(Object.keys(answer), ["error"]);
        };
        await refused("send_message", { ...visitor.who, content: "I am staff", sender_type: "agent" }, "Sign in first.");
        await refused("send_message", { ...visitor.who, content: "I am a bot", sender_type: "bot" }, /sender_type|variant/);
        await refused("send_message", { ...visitor.who, content: "   ", sender_type: "end_user" }, /must not be empty/);
        await refused("send_message", { ...visitor.who, content: "x".repeat(10_001), sender_type: "end_user" }, /10,000/);
        await refused("send_message", { ...visitor.who, content: "x", content_type: "html", sender_type: "end_user" }, /content_type/);
        await refused("send_message", { ...visitor.who, external_id: "somebody else", content: "x", sender_type: "end_user" }, "Conversation not found.");
        await refused("send_message", { conversation_id: visitor.conversationId, content: "x", sender_type: "end_user" }, /external_id/);
        await refused("send_message", "no object", /send_message/);
        await refused("send_message", undefined, /send_message/);
        await refused("join_conversation", { conversation_id: "no id" }, /conversation_id|UUID/);
        await refused("join_queue", undefined, "Sign in first.");
        await refused("join_org_presence", undefined, "Sign in first.");
        await refused("claim_conversation", { conversation_id: visitor.conversationId }, "Sign in first.");
        await refused("drop_table", {}, /no such event/);
        assert.deepEqual(bystander.all("error"), []);
        assert.equal((await visitor.history()).length, 1);
      }));

    test("S1: a cookie counts on our own pages only", () =>
      withSockets(async (open) => {
        const foreign = await open(shop.owner.socket({ transports, origin: "https://evil.example" }).connected());
        assert.deepEqual(await foreign.asks("join_queue"), { error: "Sign in first." });
        const named = await open(shop.owner.socket({ transports, origin: `http://127.0.0.1.evil.example:${parlor.port}` }).connected());
        assert.deepEqual(await named.asks("join_queue"), { error: "Sign in first." });
        const own = await open(shop.owner.socket({ transports }).connected());
        assert.deepEqual(await own.asks("join_queue"), { organization_id: shop.accountId });
      }));

    test("S5: who has left hears nothing any more", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const stays = await open(visitor.joins({ transports }));
        const leaves = await open(visitor.joins({ transports }));
        await leaves.asks("leave_conversation", { conversation_id: visitor.conversationId });
        await visitor.says(stays, "Still here");
        await stays.next("message_received");
        // Its own answers come after whatever it would have heard.
        await leaves.asks("leave_conversation", { conversation_id: visitor.conversationId });
        assert.deepEqual(leaves.all("message_received"), []);
      }));

    test("S11: signing out closes the agent's sockets at once", () =>
      withSockets(async (open) => {
        const colleague = await shop.agent();
        const client = await open(colleague.socket({ transports }).connected());
        await client.asks("join_queue");
        await colleague.does("POST", "/auth/logout");
        assert.deepEqual(await client.disconnects.first(1, "the end of the socket"), ["io server disconnect"]);
      }));
  });
}
