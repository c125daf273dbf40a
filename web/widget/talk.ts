// A visitor's conversation in the panel: what is sent, read and marked. When the page says that the visitor is another
// one, this one stops and the next begins.

import { connector } from '../shared/hub.ts';
import { randomHex } from '../shared/random.ts';
import type { Config, ToHost } from '../shared/wire.ts';
import { openLink, type Link } from './link.ts';
import { openOutbox, type Store } from './outbox.ts';
import type { Rest } from './rest.ts';
import type { Thread } from './thread.ts';
import type { Uploads } from './uploads.ts';
import type { Actions, View } from './view.ts';

export interface Talk {
  /** What the view's buttons do. */
  act: Omit<Actions, 'close'>;
  draw(): void;
  stop(): void;
}

export interface Options {
  token: string;
  sessionId: string;
  proof: string | undefined;
  name: string | undefined;
  rest: Rest;
  /** Where the panel keeps things; a panel without a store asks the page, whose own is rarely forbidden. */
  own: Store | undefined;
  kept: string | undefined;
  server: URL;
  tell(message: ToHost): void;
  /** Whether the visitor sees the panel. */
  seen(): boolean;
  look(): { config: Config | null; gone: boolean };
  view: View;
}

export function openTalk({ token, sessionId, proof, name, rest, own, kept, server, tell, seen, look, view }: Options): Talk {
  // Beside one Parlor's widgets on several sites lie those of other channels and other visitors.
  const mine = (name: string) => `parlor_${name}_${token}_${sessionId.slice(0, 8)}${sum(sessionId)}_`;
  const store = own ?? parsed(kept);
  const outbox = openOutbox(store, mine('out'));
  const readKey = mine('read');
  const seenKey = mine('seen');

  let unread = 0;
  let told: number | undefined;
  let saved = kept;
  let wrote = false;
  let uploads: Uploads | undefined;
  let marking = false;
  let over = false;
  let link: Link | undefined;

  const countUnread = ({ messages, known }: Thread) => {
    const last = messages.at(-1)?.seq;
    // What lies in a conversation that this browser sees for the first time has been read elsewhere.
    if (known && last && (seen() || !store[readKey])) store[readKey] = `${last}`;
    const count = messages.filter(({ seq, sender }) => sender !== 'visitor' && seq > Number(store[readKey])).length;
    if (count !== unread) tell({ parlor: 1, type: 'unread', count });
    unread = count;
  };

  /** Tells the server, once, what the visitor has seen of the others' messages. */
  const markRead = async ({ messages, known }: Thread) => {
    const unseen = messages.filter(({ seq, sender }) => sender !== 'visitor' && seq > Number(store[seenKey] ?? 0));
    if (marking || !known || !unseen.length || !seen()) return;
    marking = true;
    await link!.markRead(unseen.map(({ id }) => id)).then(
      () => (store[seenKey] = `${unseen.at(-1)!.seq}`),
      () => {},
    );
    marking = false;
  };

  /** The page hears of what comes from now on, each message once. */
  const announce = ({ messages, known }: Thread) => {
    if (!known) return;
    const before = told ?? messages.at(-1)?.seq ?? 0;
    for (const { id, seq, sender, contentType, content, createdAt } of messages) {
      if (seq <= before) continue;
      tell({ parlor: 1, type: 'message', message: { id, sender, content_type: contentType, text: content, created_at: createdAt } });
    }
    told = Math.max(before, messages.at(-1)?.seq ?? 0);
  };

  const save = () => {
    if (own) return;
    const value = JSON.stringify(store);
    if (value !== saved) tell({ parlor: 1, type: 'keep', value });
    saved = value;
  };

  const draw = () => {
    if (over || !link) return;
    const { config, gone } = look();
    const phase = link.phase();
    const thread = link.thread();
    view.draw({ config, thread, drafts: outbox.all(), pending: uploads?.all() ?? [], phase: gone ? 'unavailable' : phase, awaited: link.awaited() });
    countUnread(thread);
    markRead(thread);
    announce(thread);
    save();
    if (!wrote && (thread.messages.length || outbox.all().length)) {
      wrote = true;
      tell({ parlor: 1, type: 'wrote' });
    }
  };

  const attach = async (files: File[]) => {
    if (!uploads) {
      const { openUploads } = await import('./uploads.ts');
      uploads ??= openUploads({
        url: new URL('chat-widget/uploads', server).href,
        fields: { channel_token: token, external_id: sessionId, ...(proof && { [proof.includes('.') ? 'identity_token' : 'identity_hash']: proof }) },
        largest: () => look().config?.largestUpload ?? Infinity,
        newId: randomHex,
        changed: draw,
        arrived: (pending, uploaded) => {
          const contentType = uploaded.preview_url ? 'image' : 'file';
          const richMedia = { ...uploaded, upload_id: uploaded.id };
          outbox.add(pending.id, '', pending.at, { contentType, richMedia });
          draw();
          link!.flush();
        },
      });
    }
    uploads.add(files);
    draw();
  };

  link = openLink({
    token,
    sessionId,
    proof,
    name,
    connect: connector(new URL('hubs/widget-chat', server).href),
    rest,
    outbox,
    changed: draw,
    unverified: () => tell({ parlor: 1, type: 'unverified' }),
  });
  draw();

  const ears = new AbortController();
  const listen = (target: EventTarget, type: string, hear: () => void) => target.addEventListener(type, hear, { signal: ears.signal });
  listen(window, 'online', link.wake);
  listen(window, 'offline', link.sleep);
  listen(window, 'pageshow', link.wake);
  listen(window, 'pagehide', link.stop);
  listen(document, 'visibilitychange', () => {
    if (document.hidden) return;
    link!.wake();
    draw();
  });

  return {
    draw,
    act: {
      send: (text) => {
        outbox.add(randomHex(), text, Date.now());
        draw();
        link!.flush();
      },
      retry: (draft) => {
        outbox.set(draft, 'waiting');
        draw();
        link!.flush();
      },
      discard: (draft) => {
        outbox.drop(draft.id);
        draw();
      },
      attach,
      type: () => link!.type(),
      again: (pending) => uploads!.retry(pending),
      cancel: (pending) => uploads!.discard(pending),
      fresh: async (key) => {
        const is = ({ id, clientMessageId }: { id: string; clientMessageId: string | null }) => (clientMessageId ?? id) === key;
        const seq = link!.thread().messages.find(is)?.seq;
        return seq && (await link!.refetch(seq))?.richMedia;
      },
      earlier: () => link!.loadEarlier(),
    },
    stop: () => {
      over = true;
      ears.abort();
      link!.stop();
      for (const pending of uploads?.all() ?? []) uploads!.discard(pending);
      if (unread) tell({ parlor: 1, type: 'unread', count: 0 });
    },
  };
}

/** Tells ids apart that begin alike. */
function sum(id: string): string {
  let sum = 7;
  for (const unit of id) sum = (Math.imul(sum, 31) + unit.codePointAt(0)!) | 0;
  return (sum >>> 0).toString(36);
}

function parsed(kept: string | undefined): Store {
  try {
    return { ...JSON.parse(kept!) };
  } catch {
    return {};
  }
}
