// What a foreign page includes, under two names: asks for the channel's look, shows the launcher, brings the panel when
// it is wanted, and gives the page `window.Parlor`. Every visitor of every page loads each byte of it; a test of
// `web-assets` holds its size.

import { randomHex } from '../shared/random.ts';
import type { Config, ToHost, ToPanel, Who } from '../shared/wire.ts';
import style from './style.ts';

/** How often the page is asked where it is: one whose address changes without a load tells nobody. */
const LOOK = 1_000;
const HOST = 'parlor-chat';

type Listener = (detail?: unknown) => void;

declare global {
  interface Window {
    /** `q`: what was called before this script came. */
    Parlor?: { q?: [name: string, ...args: any[]][]; on?: unknown };
  }
}

/** `home`: where the server is, seen from the script. `address`: the panel's, from there. `eager`: the frame does not wait until it is opened. */
export function launch(script: string, home: string, token: string, sid: string, address: (id: string) => string, eager?: boolean): void {
  const base = new URL(home, script);
  const listeners: Record<string, Set<Listener>> = {};
  let who: Who = {};
  let open = false;
  let ready = false;
  let draw = () => {};
  let frame: HTMLIFrameElement | undefined;

  const tell = (type: string, detail?: unknown) => listeners[type]?.forEach((hear) => queueMicrotask(() => hear(detail)));

  // Before the panel has said that it is ready, the frame still belongs to this page.
  const post = (message: ToPanel) => ready && frame!.contentWindow?.postMessage(message, base.origin);

  const turn = (to: boolean) => {
    if (open === to) return;
    open = to;
    draw();
    post({ parlor: 1, type: open ? 'open' : 'close' });
    tell(open ? 'open' : 'close');
  };

  /** Remembers a value in the page's store, if it has one, and gives back what is remembered. */
  const keep = (name: string, value?: string): string | undefined => {
    try {
      const key = name ? `parlor_${name}_${token}` : sid;
      if (value) localStorage.setItem(key, value);
      return localStorage.getItem(key) ?? value;
    } catch {
      return value;
    }
  };

  let own: string | undefined;
  const sessionId = () => who.session_id ?? (own ??= keep('') ?? keep('', randomHex())!);

  const api = {
    open: () => turn(true),
    close: () => turn(false),
    identify: (person?: Who) => {
      who = { ...person };
      post({ ...who, parlor: 1, type: 'identify', sessionId: sessionId() });
    },
    on: (type: string, hear: Listener) => {
      (listeners[type] ??= new Set()).add(hear);
      return () => listeners[type]!.delete(hear);
    },
  };
  const before = window.Parlor;
  // A second copy of the script leaves the first one's in its place.
  if (!before || before.q) window.Parlor = api;
  for (const [name, ...args] of before?.q ?? []) (api as any)[name]?.(...args);

  const show = ({ displayName, title, primaryColor, position }: Config): void => {
    const page = document.documentElement;
    // A second copy of the script finds the first one's widget.
    if (page.querySelector(HOST)) return;

    const host = document.createElement(HOST);
    const root = host.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];

    const button = document.createElement('button');
    const badge = document.createElement('span');
    const panel = (frame = document.createElement('iframe'));

    button.ariaLabel = panel.title = title ?? displayName;

    // A frame begins to load when it becomes part of the page, and again whenever it is moved.
    const bring = () => {
      if (panel.isConnected) return;
      panel.src = new URL(address(sessionId()), base).href;
      root.append(panel);
    };

    draw = () => {
      button.ariaExpanded = `${open}`;
      panel.hidden = !open;
      if (open) bring();
    };

    const toggle = () => {
      turn(!open);
      (open ? panel : button).focus();
    };

    button.onclick = toggle;
    button.onkeydown = (event) => {
      if (event.key === 'Escape' && open) toggle();
    };

    addEventListener('message', ({ origin, source, data }: MessageEvent<ToHost>) => {
      if (origin !== base.origin || !source || source !== panel.contentWindow || data?.parlor !== 1) return;
      if (data.type === 'ready') {
        ready = true;
        post({ ...who, parlor: 1, type: 'init', sessionId: sessionId(), open, kept: keep('kept'), wrote: !!keep('wrote'), lang: page.lang });
        at = '';
      } else if (data.type === 'close') {
        if (open) toggle();
      } else if (data.type === 'unread') {
        badge.textContent = data.count ? (data.count > 9 ? '9+' : `${data.count}`) : '';
        button.ariaLabel = data.label ?? panel.title;
      } else if (data.type === 'wrote') {
        keep('wrote', '1');
      } else if (data.type === 'keep') {
        keep('kept', data.value);
      }
      // The page hears of opening and closing by `turn`.
      if (!/open|close/.test(data.type)) tell(data.type, (data as any).count ?? (data as any).message);
    });

    let at = '';
    setInterval(() => {
      const { title } = document;
      if (ready && at !== (at = location.href + title)) post({ parlor: 1, type: 'page', url: location.href, title });
    }, LOOK);

    // On a phone the panel fills what the on-screen keyboard leaves of the page.
    const view = visualViewport!;
    const fit = () => {
      panel.style.setProperty('--top', `${view.offsetTop}px`);
      panel.style.setProperty('--high', `${view.height}px`);
    };
    view.addEventListener('resize', fit);
    view.addEventListener('scroll', fit);

    if (eager) panel.style.setProperty('--tall', '560px');
    // An embed token may be for some pages only: the server wants to know which one this is.
    panel.referrerPolicy = 'origin';
    button.className = panel.className = position === 'bottom-left' ? 'left' : '';
    button.style.background = primaryColor;
    button.style.color = ink(primaryColor);
    button.append(badge);
    draw();
    root.append(button);
    // Who has written here before hears of an answer without opening the panel.
    if (eager || keep('wrote')) bring();
    page.append(host);
  };

  fetch(new URL(`api/v1/widget/chat/${token}/config`, base), { credentials: 'omit' })
    .then(async (answer) => answer.ok && show(await answer.json()))
    .catch(() => {});
}

/** White or black, whichever stands out from the colour: the luminance with a plain exponent, exact enough for an icon. */
function ink(colour: string): string {
  const part = (at: number) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2;
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) < 0.2 ? '#fff' : '#000';
}
