import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message, SyncAnswer } from '../shared/wire.ts';
import { extended, hasGap, heard, lastSeq, NOTHING, synced, type Thread } from '../widget/thread.ts';
import { forSeeds } from './random.ts';

const PAGE = 5;
const MOST_MISSED = 20;

function message(seq: number): Message {
  return {
    id: `m${seq}`,
    seq,
    sender: seq % 2 ? 'visitor' : 'assistant',
    senderName: null,
    contentType: 'text',
    content: `${seq}`,
    richMedia: null,
    sources: [],
    clientMessageId: null,
    readAt: null,
    createdAt: '2026-06-12T10:05:00.123456Z',
  };
}

/** A server with small pages that keeps W3 and W6. */
class Server {
  log: Message[] = [];

  write(): Message {
    this.log.push(message(this.log.length + 1));
    return this.log.at(-1)!;
  }

  sync(last: number | null): SyncAnswer {
    const after = last === null ? [] : this.log.filter(({ seq }) => seq > last);
    const fits = last !== null && after.length <= MOST_MISSED;
    const messages = fits ? after : this.log.slice(-PAGE);
    return {
      conversationId: this.log.length ? 'c' : null,
      status: 'open',
      messages,
      recovered: last === null || fits,
      hasEarlier: !fits && this.log.length > PAGE,
    };
  }

  earlier(before: number) {
    const older = this.log.filter(({ seq }) => seq < before);
    return { messages: older.slice(-PAGE), hasEarlier: older.length > PAGE };
  }
}

const seqs = (thread: Thread) => thread.messages.map(({ seq }) => seq);

function catchUp(thread: Thread, server: Server): Thread {
  do {
    const asked = lastSeq(thread);
    thread = synced(thread, server.sync(asked), asked);
  } while (!thread.known);
  return thread;
}

test('late, doubled and lost events give the same list once caught up', () => {
  forSeeds(2000, (random) => {
    const server = new Server();
    let thread = NOTHING;
    let underway: Message[] = [];
    for (let step = random(60); step > 0; step--) {
      const what = random(10);
      if (what < 5) {
        const written = server.write();
        for (let copies = random(3); copies > 0; copies--) underway.push(written);
      } else if (what < 8 && underway.length) {
        const [event] = underway.splice(random(underway.length), 1);
        thread = heard(thread, event!);
      } else if (what === 8) {
        thread = catchUp(thread, server);
      } else if (thread.known && thread.messages.length) {
        thread = extended(thread, server.earlier(thread.messages[0]!.seq));
      }
      if (random(15) === 0) underway = [];
      assert.deepEqual(seqs(thread), [...new Set(seqs(thread))].sort((a, b) => a - b));
    }
    thread = catchUp(thread, server);
    while (thread.hasEarlier) thread = extended(thread, server.earlier(thread.messages[0]!.seq));
    assert.deepEqual(thread.messages, server.log);
    assert.equal(hasGap(thread), false);
  });
});

test('an answer that overtakes its events loses none of them', () => {
  const server = new Server();
  for (let i = 0; i < 7; i++) server.write();
  const answer = server.sync(null);
  const early = heard(NOTHING, server.write());
  const thread = synced(early, answer, null);
  assert.deepEqual(seqs(thread), [3, 4, 5, 6, 7, 8]);
  assert.equal(lastSeq(thread), 8);
});

test('after too much was missed the list starts afresh and offers what is earlier', () => {
  const server = new Server();
  server.write();
  let thread = catchUp(NOTHING, server);
  for (let i = 0; i < 30; i++) server.write();
  thread = catchUp(thread, server);
  assert.deepEqual(seqs(thread), [27, 28, 29, 30, 31]);
  assert.equal(thread.hasEarlier, true);
});

test('a lost event is seen by the hole it leaves', () => {
  const server = new Server();
  server.write();
  let thread = catchUp(NOTHING, server);
  server.write();
  thread = heard(thread, server.write());
  assert.equal(hasGap(thread), true);
  assert.equal(lastSeq(thread), 1);
  thread = catchUp(thread, server);
  assert.equal(hasGap(thread), false);
});

test('the very first event lost leaves a hole too', () => {
  const server = new Server();
  let thread = catchUp(NOTHING, server);
  server.write();
  thread = heard(thread, server.write());
  assert.equal(hasGap(thread), true);
  assert.deepEqual(seqs(catchUp(thread, server)), [1, 2]);
});

test('a conversation that was replaced is not mixed with the new one', () => {
  const server = new Server();
  for (let i = 0; i < 4; i++) server.write();
  const thread = catchUp(NOTHING, server);
  const other: SyncAnswer = { conversationId: 'd', status: 'open', messages: [], recovered: true, hasEarlier: false };
  assert.equal(synced(thread, other, 4), NOTHING);
});

test('what the visitor writes opens a resolved conversation again, what others write does not', () => {
  const server = new Server();
  server.write();
  server.write();
  const thread: Thread = { ...catchUp(NOTHING, server), status: 'resolved' };
  const visitor = message(3);
  assert.equal(visitor.sender, 'visitor');
  assert.equal(heard(thread, visitor).status, 'open');
  assert.equal(heard(thread, { ...visitor, sender: 'agent' }).status, 'resolved');
  assert.equal(heard(thread, server.log[0]!).status, 'resolved');
});

test('an older page that comes too late is not put in', () => {
  const server = new Server();
  for (let i = 0; i < 12; i++) server.write();
  let thread = catchUp(NOTHING, server);
  const page = server.earlier(thread.messages[0]!.seq);
  for (let i = 0; i < 30; i++) server.write();
  thread = catchUp(thread, server);
  assert.equal(extended(thread, page), thread);
});
