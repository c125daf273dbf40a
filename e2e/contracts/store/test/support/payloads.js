// The payloads of the contract: exactly these properties, of these types.
import assert from "node:assert/strict";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** UTC, and at most the seven fraction digits that .NET clients read. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,7})?Z$/;

/** `MessageReceived`: five properties, and the last three as expected. */
export function isMessageReceived(payload, expected) {
  const { id, createdAt, ...rest } = payload;
  assert.match(id, UUID_V7);
  isTime(createdAt);
  assert.deepEqual(rest, expected);
}

/** `NewCustomerMessage`: seven properties. */
export function isNewCustomerMessage(payload, expected) {
  const { conversationId, createdAt, ...rest } = payload;
  assert.match(conversationId, UUID_V7);
  isTime(createdAt);
  assert.deepEqual(rest, expected);
}

/** widget.md W1: eleven properties. */
export function isOwnMessage(payload, expected) {
  const { id, createdAt, ...rest } = payload;
  assert.match(id, UUID_V7);
  isTime(createdAt);
  const plain = { contentType: "text", richMedia: null, sources: [], senderName: null, clientMessageId: null, readAt: null };
  assert.deepEqual(rest, { ...plain, ...expected });
}

function isTime(text) {
  assert.match(text, TIME);
  assert.ok(!Number.isNaN(Date.parse(text)), text);
}

/** The text of a HubException as the client shows it (signalr.md 9): exactly this one, or one of this form. */
export function refusedBy(method, text) {
  const opening = `An unexpected error occurred invoking '${method}' on the server. HubException: `;
  return ({ message }) => {
    assert.equal(message.slice(0, opening.length), opening);
    const said = message.slice(opening.length);
    if (text instanceof RegExp) assert.match(said, text);
    else assert.equal(said, text);
    return true;
  };
}
