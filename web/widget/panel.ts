// The panel inside the iframe. It asks nothing until the host page has told it who the visitor is (W9).

import { connector } from '../shared/hub.ts';
import { language } from '../shared/i18n/index.ts';
import { channelIsGone } from '../shared/errors.ts';
import { randomHex } from '../shared/random.ts';
import type { Config, ToHost, ToPanel } from '../shared/wire.ts';
import { openLink, type Link } from './link.ts';
import { openOutbox, type Store } from './outbox.ts';
import { rest } from './rest.ts';
import type { Thread } from './thread.ts';
import type { Uploads } from './uploads.ts';
import { makeView } from './view.ts';

const token = new URLSearchParams(location.search).get('channel') ?? '';
const RECONFIGURE = 15_000;
let host: string | undefined;
let open = false;
let onOpen = () => {};

/** A page from a file or a sandbox has no origin that could be named. */
function tell(message: ToHost): void {
  parent.postMessage(message, !host || host === 'null' ? '*' : host);
}

addEventListener('message', ({ origin, source, data }: MessageEvent<ToPanel>) => {
  if (source !== parent || data?.parlor !== 1 || (host && origin !== host)) return;
  if (data.type === 'init' && !host && /^[\w.:~-]{1,128}$/.test(data.sessionId)) {
    host = origin;
    open = data.open;
    start(data.sessionId, data.kept);
  } else if (host && (data.type === 'open' || data.type === 'close')) {
    open = data.type === 'open';
    onOpen();
  }
});
if (parent !== window) tell({ parlor: 1, type: 'ready' });

async function start(sessionId: string, kept: string | undefined): Promise<void> {
  // Beside one Parlor's widgets on several sites lie those of other channels and other visitors.
  const mine = (name: string) => `parlor_${name}_${token}_${sessionId.slice(0, 8)}_`;
  const own = ownStore();
  const store = own ?? parsed(kept);
  const outbox = openOutbox(store, mine('out'));
  const api = rest(new URL(`../api/v1/widget/chat/${token}/`, location.href).href);

  let config: Config | null = null;
  let gone = false;
  let unread = 0;
  let saved = kept;
  let wrote = false;
  let link: Link | undefined;
  let uploads: Uploads | undefined;
  let marking = false;

  const configure = async () => {
    try {
      config = await api.get('config');
      gone = false;
    } catch (error) {
      gone = channelIsGone(error);
      setTimeout(configure, RECONFIGURE);
    }
    draw();
  };

  /** Tells the server, once, what the visitor has seen of the others' messages. */
  const seenKey = mine('seen');
  const markRead = async ({ messages, known }: Thread) => {
    const unseen = messages.filter(({ seq, sender }) => sender !== 'visitor' && seq > Number(store[seenKey] ?? 0));
    if (marking || !known || !unseen.length || !open || document.hidden) return;
    marking = true;
    await link!.markRead(unseen.map(({ id }) => id)).then(
      () => (store[seenKey] = `${unseen.at(-1)!.seq}`),
      () => {},
    );
    marking = false;
  };

  const attach = async (files: File[]) => {
    if (!uploads) {
      const { openUploads } = await import('./uploads.ts');
      uploads ??= openUploads({
        url: new URL('../chat-widget/uploads', location.href).href,
        fields: { channel_token: token, external_id: sessionId },
        largest: () => config?.largestUpload ?? Infinity,
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

  const readKey = mine('read');
  const countUnread = ({ messages, known }: Thread) => {
    const last = messages.at(-1)?.seq;
    // What lies in a conversation that this browser sees for the first time has been read elsewhere.
    if (known && last && ((open && !document.hidden) || !store[readKey])) store[readKey] = `${last}`;
    const count = messages.filter(({ seq, sender }) => sender !== 'visitor' && seq > Number(store[readKey])).length;
    if (count !== unread) tell({ parlor: 1, type: 'unread', count });
    unread = count;
  };

  /** A panel without a store asks the page, whose own is rarely forbidden. */
  const save = () => {
    if (own) return;
    const value = JSON.stringify(store);
    if (value !== saved) tell({ parlor: 1, type: 'keep', value });
    saved = value;
  };

  const draw = () => {
    if (!link) return;
    const phase = link.phase();
    const thread = link.thread();
    view.draw({ config, thread, drafts: outbox.all(), pending: uploads?.all() ?? [], phase: gone ? 'unavailable' : phase, awaited: link.awaited() });
    countUnread(thread);
    markRead(thread);
    save();
    if (!wrote && (thread.messages.length || outbox.all().length)) {
      wrote = true;
      tell({ parlor: 1, type: 'wrote' });
    }
  };

  const [view] = await Promise.all([
    language(navigator.languages).then((spoken) =>
      makeView(spoken, {
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
        close: () => tell({ parlor: 1, type: 'close' }),
      }),
    ),
    configure(),
  ]);

  link = openLink({
    token,
    sessionId,
    connect: connector(new URL('../hubs/widget-chat', location.href).href),
    rest: api,
    outbox,
    changed: draw,
  });
  draw();
  onOpen = () => {
    draw();
    if (open) view.focus();
  };
  onOpen();

  addEventListener('online', link.wake);
  addEventListener('offline', link.sleep);
  addEventListener('pageshow', link.wake);
  addEventListener('pagehide', link.stop);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    link!.wake();
    draw();
  });
}

/** The panel's store, if the browser lets a page inside another have one. */
function ownStore(): Store | undefined {
  try {
    localStorage.parlor_probe = '';
    delete localStorage.parlor_probe;
    return localStorage;
  } catch {
    return undefined;
  }
}

function parsed(kept: string | undefined): Store {
  try {
    return { ...JSON.parse(kept!) };
  } catch {
    return {};
  }
}
