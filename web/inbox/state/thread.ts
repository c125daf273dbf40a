// A thread as it is loaded: a stretch of messages without a hole up to the newest, and the notes between them. Pure.

import type { InboxMessage, Note, ReadTold, Timeline } from '../wire.ts';

export interface Thread {
  conversationId: string;
  /** Ascending, each once. */
  messages: readonly InboxMessage[];
  /** Those of the same stretch, in the order of their writing. */
  notes: readonly Note[];
  hasEarlier: boolean;
}

export function openedThread(conversationId: string, { messages, notes, has_earlier }: Timeline): Thread {
  return { conversationId, messages, notes: sorted(notes), hasEarlier: has_earlier };
}

export function lastSeq({ messages }: Thread): number {
  return messages.at(-1)?.seq ?? 0;
}

function firstSeq({ messages, hasEarlier }: Thread): number {
  return hasEarlier ? (messages[0]?.seq ?? Infinity) : 0;
}

/** A message that the server has told. Not the next one: `null`, what lies between has to be fetched first. */
export function heard(thread: Thread, message: InboxMessage): Thread | null {
  const last = lastSeq(thread);
  if (message.seq <= last) {
    // Told again it is how it is now; from before the stretch it is nobody's business.
    const at = thread.messages.findIndex(({ seq }) => seq === message.seq);
    return at < 0 ? thread : { ...thread, messages: thread.messages.with(at, message) };
  }
  if (message.seq > last + 1) return null;
  return { ...thread, messages: [...thread.messages, message] };
}

/** What came after the last one that was known. */
export function caughtUp(thread: Thread, { messages, notes }: Timeline): Thread {
  let next = thread;
  for (const message of messages) next = heard(next, message) ?? next;
  for (const note of notes) next = noted(next, note);
  return next;
}

/** The stretch before. One that came too late, because the thread has been opened anew meanwhile, is not put in. */
export function extended(thread: Thread, { messages, notes, has_earlier }: Timeline): Thread {
  const first = thread.messages[0]?.seq;
  const last = messages.at(-1)?.seq;
  if (first !== undefined && last !== undefined && last !== first - 1) return thread;
  const wider = { ...thread, messages: [...messages, ...thread.messages], hasEarlier: has_earlier };
  const known = new Set(thread.notes.map(({ id }) => id));
  return { ...wider, notes: sorted([...notes.filter(({ id }) => !known.has(id)), ...thread.notes]) };
}

export function noted(thread: Thread, note: Note): Thread {
  if (note.after_seq < firstSeq(thread)) return thread;
  return { ...thread, notes: sorted([...thread.notes.filter(({ id }) => id !== note.id), note]) };
}

export function unnoted(thread: Thread, noteId: string): Thread {
  return { ...thread, notes: thread.notes.filter(({ id }) => id !== noteId) };
}

export function read(thread: Thread, { message_ids, reader_id, read_at }: ReadTold): Thread {
  const marked = new Set(message_ids);
  const messages = thread.messages.map((message) =>
    // Whoever has read it has read it then: a second telling does not make it later.
    marked.has(message.id) && !message.read_by[reader_id]
      ? { ...message, read_by: { ...message.read_by, [reader_id]: read_at } }
      : message,
  );
  return { ...thread, messages };
}

function sorted(notes: readonly Note[]): Note[] {
  return [...notes].sort((a, b) => a.after_seq - b.after_seq || (a.id < b.id ? -1 : 1));
}

export type Entry = { kind: 'message'; key: string; message: InboxMessage } | { kind: 'note'; key: string; note: Note };

/** Messages and notes as they follow each other. */
export function entries({ messages, notes }: Thread): Entry[] {
  const all: Entry[] = [];
  let next = 0;
  const put = (until: number) => {
    for (; next < notes.length && notes[next]!.after_seq < until; next++) all.push({ kind: 'note', key: notes[next]!.id, note: notes[next]! });
  };
  for (const message of messages) {
    put(message.seq);
    all.push({ kind: 'message', key: message.id, message });
  }
  put(Infinity);
  return all;
}
