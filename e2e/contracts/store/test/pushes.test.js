// Who hears what: the push matrix of the website-chat-websocket-flow document, each push once and nothing besides.
// That nothing more comes is known when a later message has come: pushes keep the order of what happened.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Parlor } from "../../support/parlor.js";
import { isMessageReceived, isNewCustomerMessage, isOwnMessage } from "./support/payloads.js";
import { TRANSPORTS, Shop, withHubs } from "./support/people.js";

const ARTICLE = {
  title: "Shipping to islands",
  body: "Parcels to islands take six working days and cost nine euros.",
  url: "https://shop.example/help/shipping",
};
const QUESTION = "How long do parcels to islands take?";
/** What clients get that know only text; our own widget shows the source apart. */
const ANSWER = `${ARTICLE.body}\n\nSource: ${ARTICLE.title}`;

let parlor, shop, owner, elsewhere, foreigner;
before(async () => {
  parlor = await Parlor.start();
  [shop, elsewhere] = [await Shop.open(parlor), await Shop.open(parlor)];
  [owner, foreigner] = [await shop.signIn(), await elsewhere.signIn()];
  await owner.does("POST", "knowledge", ARTICLE);
});
after(() => parlor?.clear());

for (const transport of TRANSPORTS) {
  describe(transport, () => {
    test("push matrix: visitor, assistant and staff; each side hears its part once and in order", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const store = await open(owner.joins(transport));
        const widget = await open(visitor.joins(transport));
        const secondTab = await open(visitor.joins(transport));

        // Flows 2 and 3: the visitor asks, `local` answers from the article.
        await visitor.says(widget, QUESTION, "Ahmed");
        const answered = ([event, payload]) => event === "NewCustomerMessage" && payload.contentText === ANSWER;
        const [, [, notified]] = await store.heard.until((items) => items.some(answered), "the answer");
        const { conversationId } = notified;
        // Flow 4: staff reply. The assistant is silent from here on, so what the visitor says last ends the test.
        const replied = await owner.replies(conversationId, "Your order ships tomorrow!");
        await visitor.says(widget, "Thank you");
        await widget.heard.first(4, "question, answer, reply and thanks");
        await secondTab.heard.first(4, "question, answer, reply and thanks, in the second tab");
        await store.heard.first(3, "question, answer and thanks");
        await visitor.writes("By the way");
        await Promise.all([widget.heard.first(5, "the end"), secondTab.heard.first(5, "the end"), store.heard.first(4, "the end")]);

        const [question, answer, reply, thanks, end] = widget.heard.items.map(([event, payload]) => {
          assert.equal(event, "MessageReceived");
          return payload;
        });
        isMessageReceived(question, { direction: "Inbound", contentText: QUESTION, isAiGenerated: false });
        isMessageReceived(answer, { direction: "Outbound", contentText: ANSWER, isAiGenerated: true });
        isMessageReceived(reply, { direction: "Outbound", contentText: "Your order ships tomorrow!", isAiGenerated: false });
        isMessageReceived(thanks, { direction: "Inbound", contentText: "Thank you", isAiGenerated: false });
        isMessageReceived(end, { direction: "Inbound", contentText: "By the way", isAiGenerated: false });
        assert.equal(reply.id, replied.id);
        assert.equal(widget.heard.items.length, 5);
        assert.deepEqual(secondTab.heard.items, widget.heard.items);

        const notifications = store.heard.items.map(([event, payload]) => {
          assert.equal(event, "NewCustomerMessage");
          return payload;
        });
        for (const [notification, message] of [question, answer, thanks, end].entries()) {
          isNewCustomerMessage(notifications[notification], {
            channelId: shop.channelId,
            contactDisplayName: "Ahmed",
            externalContactId: visitor.sessionId,
            messageId: message.id,
            contentText: message.contentText,
          });
          assert.equal(notifications[notification].conversationId, conversationId);
          assert.equal(notifications[notification].createdAt, message.createdAt);
        }
        assert.equal(notifications.length, 4);
        for (const hub of [store, widget, secondTab]) assert.deepEqual(hub.strange, []);
      }));

    test("product, one domain: what comes in by REST is pushed like what comes in by a hub", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const store = await open(owner.joins(transport));
        const widget = await open(visitor.joins(transport));
        const { messages } = await visitor.writes("Written without a socket");
        const [[event, payload]] = await widget.heard.first(1, "the echo");
        assert.deepEqual([event, payload], ["MessageReceived", messages[0]]);
        const [[, notification]] = await store.heard.first(1, "the notification");
        assert.equal(notification.messageId, messages[0].id);
      }));

    test("product, groups are scoped: another visitor, another channel and another store hear nothing of it", () =>
      withHubs(async (open) => {
        const [visitor, stranger] = [shop.visitor(), shop.visitor()];
        // The same session id, on the channel of another store.
        const namesake = Object.assign(elsewhere.visitor(), { sessionId: visitor.sessionId });
        const widget = await open(visitor.joins(transport));
        const strangers = await open(stranger.joins(transport));
        const namesakes = await open(namesake.joins(transport));
        const foreign = await open(foreigner.joins(transport));
        const mute = await open(owner.hub(transport).start());

        await visitor.says(widget, "Between us");
        const [[, payload]] = await widget.heard.first(1, "the echo");
        assert.equal(payload.contentText, "Between us");
        await namesake.says(namesakes, "The end here");
        await stranger.says(strangers, "The end there");
        await namesakes.heard.first(1, "the own message");
        await strangers.heard.first(1, "the own message");
        await foreign.heard.first(1, "the own store's message");
        assert.deepEqual(namesakes.texts[0], ["MessageReceived", "The end here"]);
        assert.deepEqual(strangers.texts[0], ["MessageReceived", "The end there"]);
        assert.deepEqual(foreign.texts[0], ["NewCustomerMessage", "The end here"]);
        // Signed in, but not in the store's group.
        await assert.rejects(mute.invoke("Nope"));
        assert.deepEqual(mute.texts, []);
        // The same session id reads on each channel only what was written there.
        const [read] = await strangers.invoke("GetMessages", ...namesake.who);
        assert.equal(read.contentText, "The end here");
      }));

    test("W1, automatic replies: our own widget sees what the answer rests on", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.hub(transport).start());
        await hub.invoke("Join", ...visitor.who, null);
        await hub.invoke("Send", ...visitor.who, "q1", QUESTION, null);
        const [, [event, answer]] = await hub.heard.first(2, "the question and its answer");
        assert.equal(event, "Message");
        isOwnMessage(answer, {
          seq: 2,
          sender: "assistant",
          senderName: "Assistant",
          content: ARTICLE.body,
          sources: [{ title: ARTICLE.title, url: ARTICLE.url }],
        });
      }));

    test("automatic replies: without an answer in the articles a person is offered", () =>
      withHubs(async (open) => {
        const visitor = shop.visitor();
        const hub = await open(visitor.joins(transport));
        await visitor.says(hub, "Do you sell submarines?");
        const [, [, answer]] = await hub.heard.first(2, "the question and its answer");
        assert.equal(answer.isAiGenerated, true);
        assert.match(answer.contentText, /a colleague/);
      }));
  });
}
