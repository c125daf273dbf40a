// Messages that the visitor has written and the server has not yet shown back. They outlive a reload; sending one
// twice does no harm, because the server knows it by its id.

import type { Attached } from '../shared/wire.ts';

export interface Draft {
  id: string;
  text: string;
  /** A file that has been sent up. */
  media?: Attached | undefined;
  at: number;
  /** `stored`: the server has it, and will show it with the next sync. */
  state: 'waiting' | 'sending' | 'stored' | 'failed';
  error?: unknown;
  /** How often the connection was lost over it. */
  lost: number;
}

/** `localStorage`, or an object where the browser forbids it. */
export type Store = Record<string, string>;

export interface Outbox {
  all(): Draft[];
  next(): Draft | undefined;
  add(id: string, text: string, at: number, media?: Attached): void;
  set(draft: Draft, state: Draft['state'], error?: unknown): void;
  /** The message has come back as a stored one, or the visitor does not want it any more. */
  drop(id: string): void;
}

/** Each message has a key of its own, so that two tabs do not overwrite each other's. */
export function openOutbox(store: Store, prefix: string): Outbox {
  let drafts: Draft[] = [];
  for (const key of Object.keys(store)) {
    if (!key.startsWith(prefix)) continue;
    try {
      const { text, at, media } = JSON.parse(store[key]!);
      drafts.push({ id: key.slice(prefix.length), text: String(text), media, at: Number(at), state: 'waiting', lost: 0 });
    } catch {
      // Someone else's value under our key: not a message.
    }
  }
  drafts.sort((a, b) => a.at - b.at);

  return {
    all: () => drafts,
    next: () => drafts.find((draft) => draft.state === 'waiting'),
    add: (id, text, at, media) => {
      drafts = [...drafts, { id, text, media, at, state: 'waiting', lost: 0 }];
      try {
        store[prefix + id] = JSON.stringify({ text, at, media });
      } catch {
        // A full or forbidden store costs the message only if the page goes away before it is sent.
      }
    },
    set: (draft, state, error) => {
      draft.state = state;
      draft.error = error;
      if (state === 'stored') delete store[prefix + draft.id];
    },
    drop: (id) => {
      drafts = drafts.filter((draft) => draft.id !== id);
      delete store[prefix + id];
    },
  };
}
