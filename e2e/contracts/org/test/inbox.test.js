// The inbox's events, by the official client. Titles name the clause of docs/contracts/org.md.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Parlor } from "../../support/parlor.js";
import { Proxy } from "../../support/proxy.js";
import { Shop, WAYS, withSockets } from "./support/people.js";

/** What a page knows: it folds what it hears by version, and catches up as the contract says. */
class Page {
  conversations = new Map();
  messages = new Map();
  notes = new Map();

  constructor(agent) {
    this.agent = agent;
  }

  keep(conversation) {
    const known = this.conversations.get(conversation.id);
    if (!known || known.version < conversation.version) this.conversations.set(conversation.id, conversation);
  }

  stretch({ messages, notes }) {
    for (const message of messages) this.messages.set(message.id, message);
    for (const note of notes) this.notes.set(note.id, note);
  }

  follow(client) {
    const { socket } = client;
    socket.on("inbox_conversation", ({ conversation }) => this.keep(conversation));
    socket.on("inbox_message", ({ conversation, message }) => {
      this.keep(conversation);
      this.messages.set(message.id, message);
    });
    socket.on("inbox_read", ({ conversation, message_ids, reader_id, read_at }) => {
      this.keep(conversation);
      for (const id of message_ids) this.messages.get(id).read_by[reader_id] = read_at;
    });
    socket.on("inbox_note", ({ conversation, note }) => {
      this.keep(conversation);
      this.notes.set(note.id, note);
    });
    socket.on("inbox_note_deleted", ({ conversation, note_id }) => {
      this.keep(conversation);
      this.notes.delete(note_id);
    });
  }

  /** What came while nobody listened. */
  async catchUp() {
    const newest = [...this.conversations.values()].map(({ updated_at }) => updated_at).sort().at(-1);
    const since = encodeURIComponent(newest ?? "1970-01-01T00:00:00Z");
    const changed = await this.agent.does("GET", `/api/inbox/conversations/?status=any&updated_after=${since}`);
    for (const conversation of changed) {
      const seqs = [...this.messages.values()].filter((one) => one.conversation_id === conversation.id).map(({ seq }) => seq);
      const after = Math.max(0, ...seqs);
      this.stretch(await this.agent.does("GET", `/api/inbox/conversations/${conversation.id}/timeline?after=${after}&limit=200`));
      this.keep(conversation);
    }
  }

  /** All of it, in an order that does not depend on how it came. */
  state() {
    const sorted = (map) => [...map.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
    return { conversations: sorted(this.conversations), messages: sorted(this.messages), notes: sorted(this.notes) };
  }
}

for (const [way, transports] of Object.entries(WAYS)) {
  describe(way, () => {
    let parlor, shop;
    beforeEach(async () => {
      parlor = await Parlor.start({ flags: ["--rate-limits", "off"] });
      shop = await (await Shop.open(parlor)).silenceAssistant();
    });
    afterEach(() => parlor?.clear());

    /** The page of an agent's inbox. */
    const page = async (open, agent, options) => {
      const client = await open(agent.socket({ transports, ...options }).connected());
      client.joined = await client.asks("join_inbox", {});
      return client;
    };

    test("I14: two agents hear everything that the inbox shows, and visitors and the guide's clients nothing of it", () =>
      withSockets(async (open) => {
        const anna = await shop.agent();
        const [olgas, annas] = [await page(open, shop.owner), await page(open, anna)];
        assert.equal(olgas.joined.agent_id, shop.owner.id);
        assert.equal(olgas.joined.organization_id, shop.accountId);
        assert.deepEqual(annas.joined.online.sort(), [shop.owner.id, anna.id].sort());
        const visitor = await shop.visitor("Hello");
        const widget = await open(visitor.joins({ transports }));
        const guide = await open(anna.socket({ transports }).connected());
        await guide.asks("join_queue");
        await guide.asks("join_conversation", { conversation_id: visitor.conversationId });

        const first = await olgas.next("inbox_message");
        assert.deepEqual(await annas.next("inbox_message"), first);
        assert.equal(first.message.content, "Hello");
        assert.deepEqual([first.conversation.id, first.conversation.unread], [visitor.conversationId, 1]);
        const thread = await anna.does("GET", `/api/inbox/conversations/${visitor.conversationId}`);
        assert.deepEqual(first.conversation, thread.conversation, "listening equals reloading");
        assert.deepEqual(first.message, thread.messages[0]);

        const at = `/api/conversations/${visitor.conversationId}`;
        assert.deepEqual(await anna.does("POST", `${at}/seen`, { seq: 1 }), { id: visitor.conversationId, unread: 0 });
        assert.equal((await olgas.next("inbox_conversation")).conversation.unread, 0);
        const note = await anna.does("POST", `${at}/notes`, { content: "secret", mentions: [shop.owner.id] });
        assert.deepEqual((await olgas.next("inbox_note")).note, note);
        await anna.does("PUT", `${at}/draft`, { content: "secret" });
        assert.deepEqual(await annas.next("inbox_draft"), { conversation_id: visitor.conversationId, content: "secret" });
        await anna.does("POST", `${at}/snooze`, { until: new Date(Date.now() + 3_600_000).toISOString() });
        assert.equal((await olgas.next("inbox_conversation", 2)).conversation.status, "snoozed");
        await anna.does("POST", `${at}/read`, { message_ids: [first.message.id] });
        const read = await olgas.next("inbox_read");
        assert.deepEqual([read.message_ids, read.reader_type, read.reader_id], [[first.message.id], "agent", anna.id]);
        await anna.does("DELETE", `${at}/notes/${note.id}`);
        const { note_id, conversation_id } = await olgas.next("inbox_note_deleted");
        assert.deepEqual([note_id, conversation_id], [note.id, visitor.conversationId]);
        await anna.does("POST", "/api/canned-replies/", { shortcut: "hi", content: "Hello" });
        assert.deepEqual(await olgas.next("inbox_changed"), { what: "canned_replies" });
        await visitor.says(widget, "Anybody?");
        assert.equal((await olgas.next("inbox_message", 2)).conversation.status, "open");
        await guide.next("message_received");

        assert.equal(olgas.all("inbox_draft").length, 0, "a draft is its agent's alone");
        for (const outside of [widget, guide]) {
          const inbox = outside.heard.items.filter(([event]) => event.startsWith("inbox_"));
          assert.deepEqual(inbox, []);
          assert.ok(!JSON.stringify(outside.heard.items).includes("secret"));
        }
        const held = JSON.stringify([...olgas.heard.items, ...annas.heard.items]);
        assert.ok(!held.includes(visitor.externalId), "no event lets its hearer in as the visitor");
        for (const client of [olgas, annas, widget, guide]) assert.deepEqual(client.strange, []);
      }));

    test("I15: who looks is seen as long as any tab does, also when the browser crashes", () =>
      withSockets(async (open) => {
        const anna = await shop.agent();
        const olgas = await page(open, shop.owner);
        const [tab, other] = [await page(open, anna), await page(open, anna)];
        const one = (await shop.visitor("one")).conversationId;
        const two = (await shop.visitor("two")).conversationId;
        const viewed = (id) => olgas.all("inbox_viewers").filter((told) => told.conversation_id === id).map(({ viewers }) => viewers);
        const sees = (id, viewers) =>
          olgas.heard.until(() => JSON.stringify(viewed(id).at(-1)) === JSON.stringify(viewers), `${viewers} at ${id}`);
        assert.deepEqual(await tab.asks("view_conversation", { conversation_id: one }), { viewers: [anna.id] });
        await sees(one, [anna.id]);
        await tab.asks("view_conversation", { conversation_id: one });
        await other.asks("view_conversation", { conversation_id: one });
        const both = await olgas.asks("view_conversation", { conversation_id: one });
        assert.deepEqual(both.viewers, [shop.owner.id, anna.id].sort());
        const opened = await anna.does("GET", `/api/inbox/conversations/${one}`);
        assert.deepEqual(opened.viewers, both.viewers);
        await olgas.asks("view_conversation", { conversation_id: null });
        await sees(one, [anna.id]);
        // One tab goes on to another conversation, and the other still shows this one.
        await tab.asks("view_conversation", { conversation_id: two });
        await sees(two, [anna.id]);
        assert.deepEqual(viewed(one), [[anna.id], [shop.owner.id, anna.id].sort(), [anna.id]], "two tabs count once");
        // The line of one is cut without a word, the other closes.
        other.socket.io.engine.close();
        await sees(one, []);
        tab.close();
        await sees(two, []);
        const nobody = "0190a000-0000-7000-8000-000000000000";
        assert.equal((await olgas.asks("view_conversation", { conversation_id: nobody })).error, "Conversation not found.");
        const strange = await page(open, (await Shop.open(parlor)).owner);
        assert.equal((await strange.asks("view_conversation", { conversation_id: one })).error, "Conversation not found.");
        assert.equal((await strange.asks("inbox_typing", { conversation_id: one })).error, "Conversation not found.");
        assert.deepEqual(strange.all("inbox_viewers"), []);
      }));

    test("I15: typing is shown in the inbox, by whom, and to the visitor as ever", () =>
      withSockets(async (open) => {
        const anna = await shop.agent();
        const [olgas, annas] = [await page(open, shop.owner), await page(open, anna)];
        const visitor = await shop.visitor();
        const widget = await open(visitor.joins({ transports }));
        const { conversationId: conversation_id } = visitor;
        assert.deepEqual(await annas.asks("inbox_typing", { conversation_id }), { conversation_id });
        assert.deepEqual(await olgas.next("inbox_typing"), {
          conversation_id, sender_type: "agent", agent_id: anna.id, typing: true,
        });
        assert.deepEqual(await widget.next("typing_indicator"), { conversation_id, sender_type: "agent" });
        await anna.does("POST", `/api/conversations/${conversation_id}/messages`, { content: "Yes?" });
        await olgas.heard.until(() => olgas.all("inbox_typing").some(({ typing }) => !typing), "the end");
        await widget.asks("user_typing", { ...visitor.who, sender_type: "end_user" });
        const told = { conversation_id, sender_type: "end_user", agent_id: null, typing: true };
        await olgas.heard.until(() => olgas.all("inbox_typing").some((one) => JSON.stringify(one) === JSON.stringify(told)), "the visitor");
        const viewer = await page(open, await shop.agent("viewer"));
        assert.match((await viewer.asks("inbox_typing", { conversation_id })).error, /permission/i);
      }));

    test("I14: only an agent of our own page joins the inbox", () =>
      withSockets(async (open) => {
        const visitor = await shop.visitor();
        const widget = await open(visitor.joins({ transports }));
        const foreign = await open(shop.owner.socket({ transports, origin: "https://evil.example" }).connected());
        const asked = { join_inbox: {}, view_conversation: { conversation_id: visitor.conversationId }, inbox_typing: { conversation_id: visitor.conversationId } };
        for (const client of [widget, foreign]) {
          for (const [event, payload] of Object.entries(asked)) {
            assert.deepEqual(await client.asks(event, payload), { error: "Sign in first." }, event);
          }
        }
        const other = await page(open, (await Shop.open(parlor)).owner);
        const own = await page(open, shop.owner);
        await visitor.says(widget, "Hello?");
        await own.next("inbox_message");
        assert.deepEqual(other.heard.items, []);
      }));

    test("I14: who was cut off for long catches up by updated_after and timeline?after, and knows what a reload shows", () =>
      withSockets(async (open) => {
        const anna = await shop.agent();
        const known = new Page(anna);
        const proxy = await Proxy.to(parlor.port);
        try {
          const client = await open(anna.socket({ transports, url: proxy.url, origin: proxy.url }).connected());
          known.follow(client);
          await client.asks("join_inbox");
          const [ada, ben] = [await shop.visitor("Ada"), await shop.visitor("Ben")];
          await client.next("inbox_message", 2);
          proxy.down();
          await client.disconnects.first(1, "the cut");
          // The server forgets the socket, as it does after two minutes.
          await parlor.kill();
          await parlor.startAgain();
          const does = (method, id, verb, body) => shop.owner.does(method, `/api/conversations/${id}/${verb}`, body);
          await does("POST", ada.conversationId, "notes", { content: "called" });
          await does("POST", ada.conversationId, "messages", { content: "Hello Ada" });
          await ada.writes("Thanks");
          await does("POST", ben.conversationId, "resolve");
          const cleo = await shop.visitor("Cleo");
          await does("POST", cleo.conversationId, "seen", { seq: 1 });
          proxy.up();
          await client.connects.first(2, "the return");
          assert.equal(client.connects.items[1].recovered, false);
          await client.asks("join_inbox");
          await known.catchUp();
          await cleo.writes("One more");
          await client.heard.until(() => client.all("inbox_message").some(({ message }) => message.content === "One more"), "what follows");

          const reloaded = new Page(anna);
          await reloaded.catchUp();
          assert.deepEqual(known.state(), reloaded.state());
        } finally {
          proxy.close();
        }
      }));
  });
}
