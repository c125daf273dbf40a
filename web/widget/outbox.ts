// Messages that the visitor has written and the server has not yet shown back. They outlive a reload; sending one
// twice does no harm, because the server knows it by its id.

export interface Draft {
  id: string;
  text: string;
  at: number;
  /** `stored`: the server has it, and will show it with the next sync. */
  state: 'waiting' | 'sending' | 'stored' | 'failed';
  error?: unknown;
}

export interface Store {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface Outbox {
  all(): Draft[];
  next(): Draft | undefined;
  add(id: string, text: string, at: number): void;
  set(draft: Draft, state: Draft['state'], error?: unknown): void;
  /** The message has come back as a stored one, or the visitor does not want it any more. */
  drop(id: string): void;
}

/** Each message has a key of its own, so that two tabs do not overwrite each other's. */
export function openOutbox(store: Store, prefix: string): Outbox {
  let drafts: Draft[] = [];
  for (let i = 0; i < store.length; i++) {
    const key = store.key(i)!;
    if (!key.startsWith(prefix)) continue;
    try {
      const { text, at } = JSON.parse(store.getItem(key)!);
      drafts.push({ id: key.slice(prefix.length), text: String(text), at: Number(at), state: 'waiting' });
    } catch {
      // Someone else's value under our key: not a message.
    }
  }
  drafts.sort((a, b) => a.at - b.at);

  return {
    all: () => drafts,
    next: () => drafts.find((draft) => draft.state === 'waiting'),
    add: (id, text, at) => {
      drafts = [...drafts, { id, text, at, state: 'waiting' }];
      try {
        store.setItem(prefix + id, JSON.stringify({ text, at }));
      } catch {
        // A full or forbidden store costs the message only if the page goes away before it is sent.
      }
    },
    set: (draft, state, error) => {
      draft.state = state;
      draft.error = error;
      if (state === 'stored') store.removeItem(prefix + draft.id);
    },
    drop: (id) => {
      drafts = drafts.filter((draft) => draft.id !== id);
      store.removeItem(prefix + id);
    },
  };
}

/** A store for browsers that forbid theirs. */
export function memoryStore(): Store {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}
