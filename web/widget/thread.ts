// What the panel knows of its conversation, folded from answers and events that may come late, twice or not at all.

import type { EarlierAnswer, Message, Status, SyncAnswer } from '../shared/wire.ts';

export interface Thread {
  /** Whether the server has told the state yet; events alone do not. */
  known: boolean;
  conversationId: string | null;
  status: Status;
  /** How the visitor has rated what was resolved. */
  rating?: number | undefined;
  unavailable?: true | undefined;
  /** Ascending by `seq`, each once. */
  messages: Message[];
  hasEarlier: boolean;
}

export const NOTHING: Thread = { known: false, conversationId: null, status: 'open', messages: [], hasEarlier: false };

/** Takes the answer to a sync that asked for what came after `asked`. */
export function synced(thread: Thread, answer: SyncAnswer, asked: number | null): Thread {
  const { conversationId, status, rating, unavailable } = answer;
  const afresh = asked === null || !answer.recovered;
  // The conversation was replaced by another: the answer continues one that we do not hold.
  if (!afresh && conversationId !== thread.conversationId) return NOTHING;
  const oldest = answer.messages[0]?.seq ?? 0;
  const kept = afresh ? thread.messages.filter((message) => message.seq >= oldest) : thread.messages;
  return {
    known: true,
    conversationId,
    status,
    rating,
    unavailable,
    messages: merged(kept, answer.messages),
    hasEarlier: afresh ? answer.hasEarlier : thread.hasEarlier,
  };
}

export function heard(thread: Thread, message: Message): Thread {
  const last = thread.messages.at(-1)?.seq ?? 0;
  // Whatever the visitor writes after a resolve opens the conversation again.
  const status = message.sender === 'visitor' && message.seq > last ? 'open' : thread.status;
  return { ...thread, status, messages: merged(thread.messages, [message]) };
}

/** Takes that messages were read. */
export function marked(thread: Thread, ids: string[], at: string): Thread {
  const messages = thread.messages.map((message) => (ids.includes(message.id) ? { ...message, readAt: message.readAt ?? at } : message));
  return { ...thread, messages };
}

/** Takes older messages, if they still join on to what is held. */
export function extended(thread: Thread, answer: EarlierAnswer): Thread {
  const last = answer.messages.at(-1);
  if (last && last.seq + 1 !== thread.messages[0]?.seq) return thread;
  return { ...thread, messages: merged(answer.messages, thread.messages), hasEarlier: answer.hasEarlier };
}

/** The `seq` up to which nothing is missing: what the next sync has to name. */
export function lastSeq({ known, messages, hasEarlier }: Thread): number | null {
  if (!known || !messages.length || (!hasEarlier && messages[0]!.seq > 1)) return null;
  let last = messages[0]!.seq;
  for (const { seq } of messages) {
    if (seq > last + 1) break;
    last = seq;
  }
  return last;
}

/** An event was lost on the way. */
export function hasGap(thread: Thread): boolean {
  return thread.known && thread.messages.length > 0 && lastSeq(thread) !== thread.messages.at(-1)!.seq;
}

function merged(held: Message[], more: Message[]): Message[] {
  const bySeq = new Map([...held, ...more].map((message) => [message.seq, message]));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}
