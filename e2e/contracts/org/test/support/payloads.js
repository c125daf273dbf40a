// The payloads of the guide: exactly these properties, of these types.
import assert from "node:assert/strict";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;

/** `message_received`: nine properties. */
export function isMessageReceived(payload, expected) {
  const { id, session_id, created_at, ...rest } = payload;
  assert.match(id, UUID_V7);
  assert.match(session_id, UUID_V7);
  assert.match(created_at, TIME);
  assert.deepEqual(rest, { content_type: "text", rich_media: null, ...expected });
}

/** `error`: one property. */
export function isError(payload, message) {
  assert.deepEqual(Object.keys(payload), ["message"]);
  if (message instanceof RegExp) assert.match(payload.message, message);
  else assert.equal(payload.message, message);
}
