import assert from 'node:assert/strict';
import { test } from 'node:test';
import { added, arrived, restored, turned, type Outgoing } from '../inbox/state/outbox.ts';
import { caughtUp, entries, extended, heard, lastSeq, noted, openedThread, read, unnoted, type Thread } from '../inbox/state/thread.ts';
import type { InboxMessage, Note, Timeline } from '../inbox/wire.ts';
import { forSeeds } from './random.ts';

const PAGE = 5;

function message(seq: number): InboxMessage {
  return {
    id: `m${seq}`,
    conversation_id: 'c',
    session_id: 's',
    seq,
    sender_type: seq % 2 ? 'end_user' : 'agent',
    sender_id: seq % 2 ? 'visitor' : 'agent',
    sender_name: null,
    content_type: 'text',
    content: `${seq}`,
    rich_media: null,
    sources: [],
    client_message_id: null,
    read_by: {},
    created_at: '2026-06-12T10:05:00.123456Z',
  };
}

/** A server with small pages that keeps I3 and I4. */
class Server {
  log: InboxMessage[] = [];
  notes: Note[] = [];
  made = 0;

  write(): InboxMessage {
    this.log.push(message(this.log.length + 1));
    return this.log.at(-1)!;
  }

  note(): Note {
    const id = `n${String(++this.made).padStart(4, '0')}`;
    const note: Note = { id, conversation_id: 'c', author_id: 'a', author_name: 'A', content: id, mentions: [], after_seq: this.log.length, client_note_id: null, created_at: '2026-06-12T10:05:00Z' };
    this.notes.push(note);
    return note;
  }

  stretch(messages: InboxMessage[], until: number): Timeline {
    const has_earlier = (messages[0]?.seq ?? 1) > 1;
    const from = has_earlier ? messages[0]!.seq : 0;
    return { messages, notes: this.notes.filter(({ after_seq }) => after_seq >= from && after_seq <= until), has_earlier };
  }

  open(): Timeline {
    return this.stretch(this.log.slice(-PAGE), Infinity);
  }

  before(seq: number): Timeline {
    return this.stretch(this.log.filter((one) => one.seq < seq).slice(-PAGE), seq - 1);
  }

  after(seq: number): Timeline {
    const messages = this.log.filter((one) => one.seq > seq).slice(0, PAGE);
    return { messages, notes: this.notes.filter(({ after_seq }) => after_seq >= seq && after_seq <= (messages.at(-1)?.seq ?? Infinity)), has_earlier: true };
  }
}

test('whatever is told late, twice or not at all, the thread is the one that a reload shows', () => {
  forSeeds(1500, (random) => {
    const server = new Server();
    for (let i = random(12); i >= 0; i--) server.write();
    let thread: Thread = openedThread('c', server.open());
    let events: ((thread: Thread) => Thread | null)[] = [];
    const fill = () => {
      for (let i = 0; lastSeq(thread) < server.log.length && i < 100; i++) thread = caughtUp(thread, server.after(lastSeq(thread)));
    };
    for (let step = random(60); step > 0; step--) {
      const what = random(10);
      if (what < 4) {
        const written = server.write();
        events.push((thread) => heard(thread, written));
      } else if (what === 4) {
        const note = server.note();
        for (let copies = random(2); copies >= 0; copies--) events.push((thread) => noted(thread, note));
      } else if (what === 5 && server.notes.length) {
        const [gone] = server.notes.splice(random(server.notes.length), 1);
        // A note is told before it is told that it has gone.
        events.push((thread) => unnoted(thread, gone!.id));
      } else if (what < 8 && events.length) {
        const next = events.shift()!(thread);
        if (next) thread = next;
        else fill();
      } else if (thread.hasEarlier && thread.messages.length) {
        thread = extended(thread, server.before(thread.messages[0]!.seq));
      }
      const seqs = thread.messages.map(({ seq }) => seq);
      assert.deepEqual(seqs, seqs.map((_, i) => seqs[0]! + i), 'a stretch without a hole');
    }
    for (const event of events) thread = event(thread) ?? thread;
    events = [];
    fill();
    while (thread.hasEarlier) thread = extended(thread, server.before(thread.messages[0]!.seq));
    assert.deepEqual(thread.messages, server.log);
    assert.deepEqual(thread.notes, server.notes);
  });
});

test('notes stand where they were written', () => {
  const server = new Server();
  server.write();
  server.note();
  server.write();
  server.note();
  const shown = entries(openedThread('c', server.open())).map(({ key }) => key);
  assert.deepEqual(shown, ['m1', 'n0001', 'm2', 'n0002']);
});

test('a mark of reading does not become later by being told twice', () => {
  const server = new Server();
  server.write();
  server.write();
  const told = { conversation: undefined as never, message_ids: ['m2'], reader_type: 'end_user' as const, reader_id: 'visitor' };
  let thread = read(openedThread('c', server.open()), { ...told, read_at: '2026-06-12T10:06:00Z' });
  thread = read(thread, { ...told, read_at: '2026-06-12T11:00:00Z' });
  assert.deepEqual(thread.messages.map(({ read_by }) => read_by), [{}, { visitor: '2026-06-12T10:06:00Z' }]);
});

test('a stretch that comes too late is not put in', () => {
  const server = new Server();
  for (let i = 0; i < 20; i++) server.write();
  const thread = openedThread('c', server.open());
  const late = server.before(8);
  assert.equal(extended(thread, late), thread);
});

test('what was not acknowledged outlives a reload, and goes when it is told', () => {
  const outgoing: Outgoing = { clientId: 'x', conversationId: 'c', kind: 'reply', content: 'Hello', contentType: 'text', richMedia: null, mentions: [], at: '2026-06-12T10:06:00Z', state: 'sending', reason: '' };
  let box: readonly Outgoing[] = added([], outgoing);
  box = turned(box, 'x', 'failed', 'No.');
  box = restored(JSON.stringify(box));
  assert.deepEqual(box, [{ ...outgoing, state: 'failed', reason: 'No.' }]);
  assert.equal(arrived(box, 'y'), box);
  assert.equal(arrived(box, null), box);
  assert.deepEqual(arrived(box, 'x'), []);
  assert.deepEqual(restored('{"a":1}'), []);
  assert.deepEqual(restored('['), []);
});
