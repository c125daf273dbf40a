// Draws the panel from the state it is given. Elements are kept by key and changed in place, so that nothing is read
// out twice and nothing jumps. All text arrives as text nodes.

import { BLACK, inkOn, readable, valid, WHITE } from '../shared/colour.ts';
import { el, type Child } from '../shared/dom.ts';
import { channelIsGone, Refused, secondsToWait } from '../shared/errors.ts';
import { fill, type Language, type Words } from '../shared/i18n/index.ts';
import { linkify, safeHref } from '../shared/linkify.ts';
import type { Config, Field, Media, Message } from '../shared/wire.ts';
import type { Forms } from './forms.ts';
import type { Phase } from './link.ts';
import type { Draft } from './outbox.ts';
import type { Thread } from './thread.ts';
import type { Pending, Uploads } from './uploads.ts';

const TEXT_LIMIT = 10_000;
const COUNT_FROM = 9_000;
/** Messages of one sender within this time stand together. */
const TOGETHER = 5 * 60_000;
/** Still at the end of the conversation, as a reader sees it. */
const NEAR = 80;
const GREETING = 'greeting';
/** Nobody remembers for longer how a conversation was. */
const RATED_WITHIN = 14 * 86_400_000;
/** What the accent colour must be readable on: the bubbles, as the style sheet paints them. */
const LIGHT = '#f1f3f6';
const DARK = '#262a32';

export interface Model {
  config: Config | null;
  thread: Thread;
  drafts: Draft[];
  /** Files on their way up. */
  uploads: Uploads | undefined;
  phase: Phase;
  /** Somebody of the other side is writing. */
  awaited: boolean;
  /** What is asked before the first message. */
  asked: Field[];
  /** What the visitor is called, as far as the page knows. */
  name: string;
}

export interface Actions {
  send(text: string): void;
  attach(files: File[]): void;
  type(): void;
  /** The structured part of a message as it is now. */
  fresh(key: string): Promise<unknown>;
  retry(draft: Draft): void;
  discard(draft: Draft): void;
  earlier(): Promise<void>;
  /** Tells the server something. */
  post(path: string, body: object): Promise<unknown>;
  /** The visitor was asked, and may write. */
  introduced(): void;
  close(): void;
}

export interface View {
  draw(model: Model): void;
  focus(): void;
  /** What the chat is called, and how much is unread in it. */
  label(count: number): string;
}

/** What stands in the log, wherever it comes from. */
interface Entry {
  key: string;
  side: 'me' | 'them';
  at: number;
  name: string;
  badge?: string;
  draft?: Draft;
  pending?: Pending;
  read?: boolean;
  body(): Node[];
}

const byId = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

/** `act`: what the buttons act on at present. */
export function makeView({ tag, dir, words }: Language, act: () => Actions): View {
  const root = document.documentElement;
  root.lang = tag;
  root.dir = dir;

  const main = document.querySelector('main')!;
  const title = byId('name');
  const form = main.querySelector('form')!;
  const face = byId('face');
  const state = byId('state');
  const close = byId('close');
  const log = byId('log');
  const earlier = byId<HTMLButtonElement>('earlier');
  const rows = byId('rows');
  const jump = byId('jump');
  const text = byId<HTMLTextAreaElement>('text');
  const send = byId<HTMLButtonElement>('send');
  const attach = byId<HTMLButtonElement>('attach');
  const picker = byId<HTMLInputElement>('picker');
  const count = byId('count');

  const time = new Intl.DateTimeFormat(tag, { hour: 'numeric', minute: '2-digit' });
  const date = new Intl.DateTimeFormat(tag, { weekday: 'long', day: 'numeric', month: 'long' });
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' });

  let drawn = new Map<string, HTMLElement>();
  let stick = true;
  let newest = 0;
  let uploads: Uploads | undefined;
  /** What was chosen of each message that offers a choice. */
  let chosen = new Map<string, string>();
  let loading = false;
  let coming: Promise<Forms> | undefined;
  let asking: HTMLElement | undefined;
  let tellRating: ((rating?: number) => void) | undefined;

  close.ariaLabel = words.close;
  log.ariaLabel = words.messages;
  text.placeholder = text.ariaLabel = words.write;
  send.ariaLabel = words.send;
  attach.ariaLabel = attach.title = words.attach;
  main.dataset.drop = words.drop;
  earlier.textContent = words.earlier;
  jump.textContent = words.unread;

  const toEnd = () => {
    log.scrollTop = log.scrollHeight;
    stick = true;
    jump.hidden = true;
  };

  const loadEarlier = async () => {
    if (loading || earlier.hidden) return;
    loading = true;
    earlier.disabled = true;
    log.ariaBusy = 'true';
    await act().earlier().catch(() => {});
    log.ariaBusy = 'false';
    earlier.disabled = false;
    loading = false;
  };

  const measure = () => {
    text.style.height = 'auto';
    text.style.height = `${text.scrollHeight}px`;
    const left = TEXT_LIMIT - [...text.value.trim()].length;
    count.textContent = left >= TEXT_LIMIT - COUNT_FROM ? '' : fill(left < 0 ? words.over : words.left, Math.abs(left));
    count.className = left < 0 ? 'bad' : '';
    send.disabled = left < 0 || left === TEXT_LIMIT;
  };

  const submit = () => {
    measure();
    if (send.disabled) return;
    act().send(text.value.trim());
    text.value = '';
    measure();
    text.focus();
    toEnd();
  };

  form.onsubmit = (event) => {
    event.preventDefault();
    submit();
  };
  text.oninput = () => {
    measure();
    if (text.value.trim()) act().type();
  };
  const take = (files: FileList | null | undefined): boolean => {
    if (!files?.length) return false;
    act().attach([...files]);
    toEnd();
    return true;
  };
  attach.onclick = () => picker.click();
  picker.onchange = () => {
    take(picker.files);
    picker.value = '';
  };
  text.onpaste = (event) => {
    // Who copies from a document has its text in mind, not the picture of it that comes along.
    const data = event.clipboardData;
    if (!data?.types.includes('text/plain') && take(data?.files)) event.preventDefault();
  };
  main.ondragover = main.ondragleave = main.ondrop = (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    main.classList.toggle('over', event.type === 'dragover');
    if (event.type === 'drop') take(event.dataTransfer.files);
  };
  text.onkeydown = (event) => {
    // While an input method composes, Enter chooses a candidate; Safari only tells by the key code.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  };
  earlier.onclick = loadEarlier;
  jump.onclick = toEnd;
  close.onclick = () => act().close();
  document.onkeydown = (event) => {
    if (event.key === 'Escape' && !event.isComposing) act().close();
  };
  log.onscroll = () => {
    stick = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    if (stick) jump.hidden = true;
    if (log.scrollTop < NEAR) loadEarlier();
  };
  const grown = new ResizeObserver(() => stick && toEnd());
  grown.observe(log);
  grown.observe(rows);
  measure();

  /** The configuration in the visitor's language. */
  const spoken = (config: Config): Config => {
    const { title = config.title, greeting = config.greeting } = config.translations[tag.slice(0, 2).toLowerCase()] ?? {};
    return { ...config, greeting, displayName: title ?? config.displayName };
  };

  /** An element that is filled once its part of the panel has come. */
  const later = (make: (forms: Forms) => HTMLElement, otherwise = () => {}): HTMLElement => {
    const box = el('div');
    const kit = { el, fill, tag, act, refusal: (error: unknown) => (error instanceof Refused ? error.detail : undefined) };
    coming ??= import('./forms.ts').then(({ forms }) => forms(kit));
    coming.then((forms) => box.replaceChildren(make(forms))).catch(() => {
      coming = undefined;
      otherwise();
    });
    return box;
  };

  /** The form stands in the composer's place. Who could not be asked may write all the same. */
  const ask = ({ asked, name, thread }: Model) => {
    form.hidden = !!asked.length;
    if (!asked.length && asking) {
      asking.remove();
      asking = undefined;
      text.focus();
    } else if (asked.length && thread.known && !asking) {
      asking = later((forms) => forms.ask(asked, name), () => act().introduced());
      form.before(asking);
    }
  };

  const dress = (config: Config) => {
    const colour = valid(config.primaryColor);
    const ink = inkOn(colour);
    document.title = title.textContent = config.displayName;
    const logo = config.logoUrl;
    const first = [...config.displayName.trim()][0]?.toUpperCase() ?? '';
    if (face.dataset.shown !== (face.dataset.shown = logo ?? first)) face.replaceChildren(logo ? el('img', { src: new URL(logo).pathname, alt: '' }) : first);
    const set = (name: string, value: string) => root.style.setProperty(name, value);
    set('--primary', colour);
    set('--ink', ink);
    set('--shade', ink === WHITE ? BLACK : WHITE);
    set('--accent-light', readable(colour, LIGHT));
    set('--accent-dark', readable(colour, DARK));
  };

  const day = (at: number): string => {
    const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86_400_000);
    return days === 0 || days === -1 ? relative.format(days, 'day') : date.format(at);
  };

  const sentMeta = ({ side, at, read }: Entry): Child[] => {
    const stamp = el('time', { dateTime: new Date(at).toISOString() }, time.format(at));
    const tick = { className: read ? 'tick read' : 'tick', role: 'img', ariaLabel: read ? words.read : words.sent };
    return side === 'me' ? [stamp, el('span', tick)] : [stamp];
  };

  const draftMeta = (draft: Draft): Child[] => {
    if (draft.state !== 'failed') return [draft.state === 'waiting' ? words.waiting : words.sending];
    return [
      el('span', {}, reason(draft.error, words)),
      el('button', { onclick: () => act().retry(draft) }, words.retry),
      el('button', { onclick: () => act().discard(draft) }, words.discard),
    ];
  };

  /** What is not plain text; `key` finds the message again. */
  const richly = (key: string, media: Media, content: string): HTMLElement[] => {
    const box = el('div', { className: 'rich' });
    const kit = { el, words, tag, linked, link, send: (text: string) => act().send(text), fresh: () => act().fresh(key) };
    import('./rich.ts')
      .then(({ rich }) => {
        box.append(...rich(media, content, kit));
        settle();
      })
      .catch(() => box.append(content));
    return [box];
  };

  /** Shows what was chosen, and takes back what can be chosen no more. */
  const settle = () => {
    for (const [key, value] of chosen) {
      const article = drawn.get(key);
      const last = !article?.querySelector('.cards');
      for (const control of article?.querySelectorAll<HTMLButtonElement>('.choices > *') ?? []) {
        if (control.localName === 'select') control.value = value || control.value;
        else control.ariaPressed = `${!!value && control.value === value}`;
        if (last) control.disabled = true;
      }
    }
  };

  const body = (key: string, message: Message, shown: string): Node[] => {
    const content = message.contentType === 'text' ? said(shown) : richly(key, message, message.content);
    if (!message.sources.length) return content;
    const quotes = message.sources.map(({ title, url }) => el('li', {}, link(title, url)[0] ?? title));
    return [...content, el('div', { className: 'sources' }, words.sources, el('ul', {}, ...quotes))];
  };

  const entries = ({ config, thread, drafts, phase }: Model): Entry[] => {
    const { messages } = thread;
    chosen = new Map();
    let offer: { key: string; labels: Map<string, string> } | undefined;
    /** The visitor sends a value; what they have read and pressed is its label. */
    const answered = (text: string): string => {
      const label = offer?.labels.get(text);
      if (offer) chosen.set(offer.key, label ? text : '');
      offer = undefined;
      return label ?? text;
    };
    const list = messages.map((message): Entry => {
      const mine = message.sender === 'visitor';
      const key = message.clientMessageId ?? message.id;
      const labels = labelled(message.richMedia);
      const shown = mine ? answered(message.content) : message.content;
      if (!mine && labels.size) offer = { key, labels };
      return {
        key,
        read: !!message.readAt,
        side: mine ? 'me' : 'them',
        at: Date.parse(message.createdAt),
        name: mine ? words.you : (message.senderName ?? config?.displayName ?? ''),
        badge: mine ? '' : message.sender === 'agent' ? words.team : words.ai,
        body: () => body(key, message, shown),
      };
    });
    const greeting = config?.greeting;
    if (greeting && !thread.hasEarlier && (thread.known || phase !== 'connecting')) {
      const { assistantName, displayName } = config;
      list.unshift({
        key: GREETING,
        side: 'them',
        at: list[0]?.at ?? 0,
        name: assistantName ?? displayName,
        badge: assistantName ? words.ai : '',
        body: () => said(greeting),
      });
    }
    for (const draft of drafts) {
      const { id, at, media } = draft;
      const shown = answered(draft.text);
      const body = () => (media ? richly(id, media, shown) : said(shown));
      list.push({ key: id, side: 'me', at, name: words.you, draft, body });
    }
    for (const one of uploads?.all() ?? []) {
      const media = { contentType: 'file', richMedia: { filename: one.file.name, size: one.file.size } };
      const body = () => richly('', media, '');
      list.push({ key: `up ${one.id}`, side: 'me', at: one.at, name: words.you, pending: one, body });
    }
    return list;
  };

  const article = (entry: Entry): HTMLElement =>
    el(
      'article',
      {},
      el(
        'p',
        { className: 'by' },
        el('bdi', {}, entry.name),
        ...(entry.badge ? [el('span', { className: 'badge' }, entry.badge)] : []),
      ),
      el('div', { className: 'bubble' }, ...entry.body()),
      el('p', { className: 'meta', ariaLive: 'off' }),
    );

  const mark = (element: HTMLElement, entry: Entry, first: boolean, last: boolean) => {
    const { side, draft, pending } = entry;
    const state = pending ? (pending.error ? 'failed' : 'sending') : draft && draft.state !== 'stored' ? draft.state : '';
    element.className = [side, state, first ? 'first' : '', last ? 'last' : ''].join(' ');
    const meta = element.lastElementChild!;
    const told = [state, last, entry.read, pending?.part].join();
    if (element.dataset.meta === told) return;
    element.dataset.meta = told;
    const bar = pending && meta.querySelector('progress');
    if (bar && !pending.error) bar.value = pending.part;
    else if (pending) meta.replaceChildren(...uploads!.meta(pending, el, words, reason));
    else if (state && (last || state === 'failed')) meta.replaceChildren(...draftMeta(draft!));
    else meta.replaceChildren(...(last && entry.key !== GREETING ? sentMeta(entry) : []));
  };

  /** The elements in their order, those that stay the same ones as before. */
  const list = (model: Model): void => {
    const kept = new Map<string, HTMLElement>();
    let at: Element | null = rows.firstElementChild;
    const place = (key: string, make: () => HTMLElement) => {
      const element = drawn.get(key) ?? make();
      if (element === at) at = at.nextElementSibling;
      else rows.insertBefore(element, at);
      kept.set(key, element);
      return element;
    };

    const shown = entries(model);
    const days = shown.map((entry) => (entry.at ? day(entry.at) : ''));
    const together = (i: number) => {
      const [a, b] = [shown[i - 1], shown[i]];
      return a && b && a.side + a.name + a.badge === b.side + b.name + b.badge && days[i - 1] === days[i] && b.at - a.at < TOGETHER;
    };
    shown.forEach((entry, i) => {
      const today = days[i];
      if (today && today !== days[i - 1]) place(`day ${today}`, () => el('p', { className: 'day' }, today));
      mark(place(entry.key, () => article(entry)), entry, !together(i), !together(i + 1));
    });
    if (model.awaited) {
      const dots = el('div', { className: 'dots', role: 'img', ariaLabel: words.typing }, el('i'), el('i'), el('i'));
      place('awaited', () => el('article', { className: 'them first' }, dots));
    }
    const { config, thread, drafts, awaited } = model;
    const hours = config?.hours;
    if (hours && !hours.isOpen && !awaited) place(`away ${hours.opensAt}`, () => later((forms) => forms.away(hours.awayMessage, hours.opensAt)));
    if (thread.status === 'resolved' && !drafts.length) {
      place('resolved', () => el('p', { className: 'note' }, words.resolved));
      if (config?.rating.enabled && Date.now() - (shown.at(-1)?.at ?? 0) < RATED_WITHIN) {
        place('rate', () =>
          later((forms) => {
            const [card, tell] = forms.rate(thread.rating);
            tellRating = tell;
            return card;
          }),
        );
        tellRating?.(thread.rating);
      }
    }
    for (const [key, element] of drawn) if (!kept.has(key)) element.remove();
    drawn = kept;
    settle();
  };

  return {
    draw: (given) => {
      const config = given.config && spoken(given.config);
      const model = { ...given, config };
      const { thread, phase } = model;
      uploads = given.uploads;
      if (config) dress(config);
      main.hidden = false;
      const word = phase !== 'online' && !navigator.onLine ? 'offline' : phase;
      const there = config?.hours?.isOpen === false ? words.away : config?.replyTime ? words[config.replyTime] : '';
      state.textContent = word !== 'online' ? words[word] : there || (config?.assistantName ? `${config.assistantName} · ${words.ai}` : '');
      ask(model);
      main.dataset.phase = phase;

      const oldHeight = log.scrollHeight;
      const oldTop = log.scrollTop;
      const first = thread.messages[0]?.seq;
      const grewUp = rows.dataset.first && first && first < Number(rows.dataset.first);
      if (first) rows.dataset.first = `${first}`;
      earlier.hidden = !thread.hasEarlier;
      list(model);
      const last = thread.messages.at(-1);
      if (grewUp) log.scrollTop = oldTop + log.scrollHeight - oldHeight;
      else if (stick) toEnd();
      else if (last && last.seq > newest && last.sender !== 'visitor') jump.hidden = false;
      newest = last?.seq ?? 0;
    },
    focus: () => {
      toEnd();
      // Where typing brings up a keyboard that covers half the panel, the visitor may want to read first.
      (form.hidden || matchMedia('(pointer: coarse)').matches ? title : text).focus();
      measure();
    },
    label: (count) => title.textContent + (count ? `, ${fill(words.newCount, count)}` : ''),
  };
}

function said(text: string): HTMLElement[] {
  return [el('div', { dir: 'auto' }, ...linked(text))];
}

function linked(text: string): Node[] {
  return linkify(text).map((piece) => (piece.href ? anchor(piece.text, piece.href) : new Text(piece.text)));
}

/** What a message offers to choose from: value to label. */
function labelled(media: any): Map<string, string> {
  const inCards = (media?.cards ?? []).flatMap((card: any) => card.buttons ?? []);
  const all = [...(media?.buttons ?? []), ...(media?.options ?? []), ...inCards];
  return new Map(all.map(({ value, label }) => [value, label]));
}

function link(label: string, address: unknown): HTMLAnchorElement[] {
  const href = safeHref(address);
  return href ? [anchor(label, href)] : [];
}

function anchor(label: string, href: string): HTMLAnchorElement {
  return el('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow ugc' }, label);
}

/** Why something was not sent. */
function reason(error: unknown, words: Words): string {
  const seconds = secondsToWait(error);
  if (seconds) return fill(words.tooMany, seconds);
  return channelIsGone(error) ? words.unavailable : words.failed;
}
