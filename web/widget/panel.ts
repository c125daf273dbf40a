// The panel inside the iframe. It asks nothing until it knows who the visitor is: the host page says so (W9), or the
// address does (`org.md` E5), as in an app's web view.

import { connector } from '../shared/hub.ts';
import { language } from '../shared/i18n/index.ts';
import { channelIsGone } from '../shared/errors.ts';
import { randomHex } from '../shared/random.ts';
import type { Config, Field, ToHost, ToPanel, Who } from '../shared/wire.ts';
import { openLink, type Link } from './link.ts';
import { openOutbox, type Store } from './outbox.ts';
import { rest } from './rest.ts';
import type { Thread } from './thread.ts';
import type { Uploads } from './uploads.ts';
import { makeView, type Actions } from './view.ts';

const query = new URLSearchParams(location.search);
const embedToken = query.get('embed_token');
const token = embedToken ?? query.get('channel') ?? '';
const title = embedToken && cut(query.get('title'));
const framed = parent !== window;
/** The server, seen from this script. */
const server = new URL('../../', import.meta.url);
const RECONFIGURE = 15_000;
/** A configuration is asked for anew when the panel is opened, but not more often. */
const FRESH = 60_000;
/** A page that says nothing for so long has put the frame there by itself. */
const PATIENCE = 500;
/** A page that is left sooner was only passed, and its title may still be another's. */
const STAY = 1_500;
/** What the page's own server vouches for is not asked. */
const VOUCHED = ['name', 'email', 'phone'];

const own = ownStore();
const memory: Store = {};
let host: string | undefined;
let open = !framed;
/** The conversation at hand. */
let talk: { key: string; open(): void; follow(): void; stop(): void } | undefined;
/** A conversation that begins when the panel is opened. */
let later: (() => void) | undefined;
/** Where the visitor is. */
let page: { url: string; title: string } | undefined;
/** What the page around speaks. */
let around: unknown;

/** A page from a file or a sandbox has no origin that could be named. */
function tell(message: ToHost): void {
  if (framed && (host || message.type === 'ready')) parent.postMessage(message, !host || host === 'null' ? '*' : host);
}

addEventListener('message', ({ origin, source, data }: MessageEvent<ToPanel>) => {
  if (!framed || source !== parent || data?.parlor !== 1 || (host && origin !== host)) return;
  if (data.type === 'init' && !host) {
    host = origin;
    around = data.lang;
    open = data.open !== false;
    closer.hidden = false;
    // A frame that nobody has opened yet, for a visitor who has not written, need not connect.
    if (open || data.wrote !== false) begin(data, data.kept);
    else later = () => begin(data, data.kept);
  } else if (data.type === 'identify' && host) {
    if (later && !open) later = () => begin(data);
    else begin(data);
  } else if (host && data.type === 'page') {
    const url = `${data.url}`.split('#')[0]!;
    if (!url.startsWith(`${host}/`)) return;
    page = { url, title: cut(data.title, 200) };
    talk?.follow();
  } else if (host && (data.type === 'open' || data.type === 'close')) {
    open = data.type === 'open';
    if (open) {
      later?.();
      later = undefined;
      tell({ parlor: 1, type: 'open' });
    }
    talk?.open();
  }
});

const closer = document.getElementById('close')!;
closer.hidden = !!embedToken;
tell({ parlor: 1, type: 'ready' });
if (embedToken) setTimeout(() => host || begin({}), framed ? PATIENCE : 0);

/** Begins to talk as a visitor; what the page does not say, the address does. */
function begin(said: Who & { sessionId?: string }, kept?: string): void {
  const asked = embedToken ? query : new URLSearchParams();
  const named = said.sessionId ?? said.session_id ?? asked.get('session_id');
  const sessionId = typeof named === 'string' && /^\P{Cc}{1,200}$/u.test(named) ? named : embedToken && ownSession();
  if (!sessionId) return;
  const proofs = [said.identity_token, said.identity_hash, ...(named === asked.get('session_id') ? [asked.get('identity_token'), asked.get('identity_hash')] : [])];
  const proof = proofs.find((text): text is string => !!text && typeof text === 'string');
  const name = cut(said.name ?? asked.get('customer_name'));
  const key = JSON.stringify([sessionId, proof, name]);
  if (talk?.key === key) return;
  talk?.stop();
  const { stop, opened, follow } = start(sessionId, proof, name, kept);
  talk = { key, stop, follow, open: opened };
}

function start(sessionId: string, proof: string | undefined, name: string, kept: string | undefined) {
  // Beside one Parlor's widgets on several sites lie those of other channels and other visitors.
  const mine = (name: string) => `parlor_${name}_${token}_${sessionId.slice(0, 8)}${sum(sessionId)}_`;
  const store = own ?? parsed(kept);
  const outbox = openOutbox(store, mine('out'));
  const api = rest(new URL(`api/v1/widget/chat/${token}/`, server).href);
  const readKey = mine('read');

  let unread = 0;
  let told: number | undefined;
  let saved = kept;
  let wrote = false;
  let link: Link | undefined;
  let uploads: Uploads | undefined;
  let marking = false;

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
        url: new URL('chat-widget/uploads', server).href,
        fields: { channel_token: token, external_id: sessionId, ...(proof && { [proof.includes('.') ? 'identity_token' : 'identity_hash']: proof }) },
        largest: () => look.config?.largestUpload ?? Infinity,
        newId: randomHex,
        changed: draw,
        arrived: (pending, uploaded) => {
          const contentType = uploaded.preview_url ? 'image' : 'file';
          const richMedia = { ...uploaded, upload_id: uploaded.id };
          outbox.add(pending.id, '', pending.at, { contentType, richMedia });
          sendAll();
        },
      });
    }
    uploads.add(files);
    draw();
  };

  const countUnread = ({ messages, known }: Thread) => {
    const last = messages.at(-1)?.seq;
    // What lies in a conversation that this browser sees for the first time has been read elsewhere.
    if (known && last && ((open && !document.hidden) || !store[readKey])) store[readKey] = `${last}`;
    const count = messages.filter(({ seq, sender }) => sender !== 'visitor' && seq > Number(store[readKey])).length;
    if (count !== unread) tell({ parlor: 1, type: 'unread', count, label: shown!.label(count) });
    unread = count;
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

  /** A panel without a store asks the page, whose own is rarely forbidden. */
  const save = () => {
    if (own) return;
    const value = JSON.stringify(store);
    if (value !== saved) tell({ parlor: 1, type: 'keep', value });
    saved = value;
  };

  /** Tells where the visitor is, once they have written: who has not is not followed, nor who does not want to be. */
  let noted = '';
  let staying: ReturnType<typeof setTimeout> | undefined;
  const follow = () => {
    if (!page || page.url === noted || !link?.thread().messages.length || (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl) return;
    clearTimeout(staying);
    staying = setTimeout(() => {
      noted = page!.url;
      link?.post('pages', page!).catch(() => {});
    }, STAY);
  };

  const askedKey = mine('asked');
  const asked = ({ messages, hasEarlier }: Thread): Field[] => {
    const form = look.config?.preChat;
    const began = store[askedKey] || hasEarlier || outbox.all().length || messages.some(({ sender }) => sender === 'visitor');
    return !form?.enabled || began ? [] : form.fields.filter(({ key }) => !proof || !VOUCHED.includes(key));
  };

  const draw = () => {
    if (!link || !shown) return;
    const phase = link.phase();
    const thread = link.thread();
    shown.draw({
      config: look.config,
      thread,
      drafts: outbox.all(),
      uploads,
      phase: look.gone || thread.unavailable ? 'unavailable' : phase,
      awaited: link.awaited(),
      asked: asked(thread),
      name,
    });
    countUnread(thread);
    markRead(thread);
    announce(thread);
    follow();
    save();
    if (!wrote && (thread.messages.length || outbox.all().length)) {
      wrote = true;
      tell({ parlor: 1, type: 'wrote' });
    }
  };

  const opened = () => {
    look.again();
    draw();
    if (open) shown?.focus();
  };
  const awake = () => {
    if (document.hidden) return;
    look.again();
    link?.wake();
    draw();
  };
  const over = new AbortController();
  const listen = (target: EventTarget, type: string, hear: () => void) => target.addEventListener(type, hear, { signal: over.signal });

  const sendAll = () => {
    draw();
    link!.flush();
  };

  redraw = draw;
  current = {
    send: (text) => {
      outbox.add(randomHex(), text, Date.now());
      sendAll();
    },
    retry: (draft) => {
      outbox.set(draft, 'waiting');
      sendAll();
    },
    discard: (draft) => {
      outbox.drop(draft.id);
      draw();
    },
    attach,
    earlier: () => link!.loadEarlier(),
    type: () => link!.type(),
    post: (path, body) => link!.post(path, body),
    introduced: () => {
      store[askedKey] = '1';
      draw();
    },
    close: () => tell({ parlor: 1, type: 'close' }),
    fresh: async (key) => {
      const is = ({ id, clientMessageId }: { id: string; clientMessageId: string | null }) => (clientMessageId ?? id) === key;
      const seq = link!.thread().messages.find(is)?.seq;
      return seq && (await link!.refetch(seq))?.richMedia;
    },
  };
  look.ask(api).then(() => {
    if (over.signal.aborted) return;
    link = openLink({
      token,
      sessionId,
      proof,
      name: name || undefined,
      connect: connector(new URL('hubs/widget-chat', server).href),
      rest: api,
      outbox,
      changed: draw,
      unverified: () => tell({ parlor: 1, type: 'unverified' }),
    });
    opened();
    listen(window, 'online', link.wake);
    listen(window, 'offline', link.sleep);
    listen(window, 'pageshow', link.wake);
    listen(window, 'pagehide', link.stop);
    listen(document, 'visibilitychange', awake);
  });

  const stop = () => {
    over.abort();
    clearTimeout(staying);
    for (const pending of uploads?.all() ?? []) uploads!.discard(pending);
    link?.stop();
    link = undefined;
    if (unread) tell({ parlor: 1, type: 'unread', count: 0 });
  };
  return { stop, opened, follow };
}

/** What the view's buttons act on. */
let current: Actions | undefined;
let redraw = () => {};
let shown: ReturnType<typeof makeView> | undefined;

/** How the panel looks: asked once, again while there is no answer, and when it may have grown old. */
const look = {
  config: null as Config | null,
  gone: false,
  asked: undefined as Promise<unknown> | undefined,
  /** Asks once more, if it has been a while: hours begin and end. */
  again: () => {},
  ask(api: ReturnType<typeof rest>): Promise<unknown> {
    const configure = async () => {
      try {
        const config: Config = await api.get('config');
        look.config = embedToken ? { ...config, title: title || config.title || 'Chat with us', ...(title && { translations: {} }) } : config;
        look.gone = false;
        const old = Date.now() + FRESH;
        look.again = () => {
          if (Date.now() < old) return;
          look.again = () => {};
          configure();
        };
      } catch (error) {
        look.gone = channelIsGone(error);
        setTimeout(configure, RECONFIGURE);
      }
      redraw();
    };
    return (look.asked ??= configure()
      .then(() => {
        const fixed = look.config?.language ?? 'auto';
        return language(fixed === 'auto' ? [...navigator.languages, `${around}`] : [fixed]);
      })
      .then((spoken) => {
        shown = makeView(spoken, () => current!);
      }));
  },
};

/** A session of this page's own. In a frame it belongs to the page around it too: another page's visitor is another one. */
function ownSession(): string {
  const around = framed ? `@${location.ancestorOrigins?.[0] ?? document.referrer.split('/', 3).join('/')}` : '';
  const key = `cw_sid_${token}${around}`;
  const store = own ?? memory;
  return (store[key] ??= randomHex());
}

/** What a name may be: printable, and at most 100 characters. */
function cut(text: unknown, most = 100): string {
  return typeof text === 'string' ? [...text.replace(/\p{Cc}/gu, ' ').trim()].slice(0, most).join('') : '';
}

/** Tells ids apart that begin alike. */
function sum(id: string): string {
  let sum = 7;
  for (const unit of id) sum = (Math.imul(sum, 31) + unit.codePointAt(0)!) | 0;
  return (sum >>> 0).toString(36);
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
