import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openOutbox } from '../widget/outbox.ts';

const states = (box: ReturnType<typeof openOutbox>) => box.all().map(({ id, text, state }) => [id, text, state]);

test('what was not sent is still there after a reload, in its order and under its id', () => {
  const store = {};
  const before = openOutbox(store, 'p_');
  before.add('z', 'first', 1);
  before.add('a', 'second', 2);
  before.set(before.next()!, 'sending');
  const after = openOutbox(store, 'p_');
  assert.deepEqual(states(after), [['z', 'first', 'waiting'], ['a', 'second', 'waiting']]);
});

test('what the server has is not sent again', () => {
  const store = {};
  const box = openOutbox(store, 'p_');
  box.add('a', 'one', 1);
  box.add('b', 'two', 2);
  box.drop('a');
  box.set(box.next()!, 'stored');
  assert.deepEqual(states(box), [['b', 'two', 'stored']]);
  assert.equal(box.next(), undefined);
  assert.deepEqual(states(openOutbox(store, 'p_')), []);
});

test('a failed message waits for the visitor and lets others pass', () => {
  const box = openOutbox({}, 'p_');
  box.add('a', 'one', 1);
  box.add('b', 'two', 2);
  box.set(box.next()!, 'failed', new Error('no'));
  assert.equal(box.next()!.id, 'b');
  box.set(box.all()[0]!, 'waiting');
  assert.equal(box.next()!.id, 'a');
  assert.equal(box.all()[0]!.error, undefined);
});

test('two tabs do not overwrite each other', () => {
  const store = {};
  const [one, other] = [openOutbox(store, 'p_'), openOutbox(store, 'p_')];
  one.add('a', 'one', 1);
  other.add('b', 'two', 2);
  one.drop('a');
  assert.deepEqual(states(openOutbox(store, 'p_')), [['b', 'two', 'waiting']]);
});

test('other people’s values are left alone', () => {
  const store: Record<string, string> = { q_x: '{"text":"no","at":1}', p_bad: 'not json', p_null: 'null' };
  assert.deepEqual(states(openOutbox(store, 'p_')), []);
  assert.equal(Object.keys(store).length, 3);
});

test('a full store does not stop the chat', () => {
  const full = new Proxy({}, { set: () => { throw new Error('QuotaExceededError'); } });
  const box = openOutbox(full, 'p_');
  box.add('a', 'one', 1);
  assert.deepEqual(states(box), [['a', 'one', 'waiting']]);
  box.drop('a');
  assert.deepEqual(states(box), []);
});

test('a file that was sent up is still there after a reload', () => {
  const store = {};
  const media = { contentType: 'file', richMedia: { upload_id: 'u' } };
  openOutbox(store, 'p_').add('a', '', 1, media);
  assert.deepEqual(openOutbox(store, 'p_').next()?.media, media);
});
