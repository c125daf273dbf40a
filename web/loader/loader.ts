// The only script a foreign page includes: asks for the channel's look, shows the launcher, and brings the panel when
// it is wanted. Every visitor of every page loads each byte of it; a test of `web-assets` holds it under 2 KB.

import { randomHex } from '../shared/random.ts';
import type { Config, ToHost, ToPanel } from '../shared/wire.ts';
import style from './style.ts';

const UNREAD: Record<string, string> = { de: 'ungelesen', fr: 'non lus', es: 'sin leer', ar: 'غير مقروءة' };
const HOST = 'parlor-chat';

// Only while the script first runs does the page say which of its scripts it is; as a module it never does.
const script = (document.currentScript ?? document.querySelector('script[data-channel]')) as HTMLScriptElement;
const token = script.dataset.channel;
const base = new URL('.', script.src);

fetch(new URL(`api/v1/widget/chat/${token}/config`, base), { credentials: 'omit' })
  .then(async (answer) => answer.ok && show(await answer.json()))
  .catch(() => {});

function show({ displayName, primaryColor, position }: Config): void {
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
  const frame = document.createElement('iframe');
  let open = false;
  let sessionId: string;

  // Before the panel has said that it is ready, the frame still belongs to this page.
  const post = (message: ToPanel) => sessionId && frame.contentWindow?.postMessage(message, base.origin);

  const label = (unread: number) => {
    badge.textContent = unread ? (unread > 9 ? '9+' : `${unread}`) : '';
    const word = UNREAD[navigator.language.slice(0, 2)] ?? 'unread';
    button.ariaLabel = displayName + (unread ? `, ${unread} ${word}` : '');
  };

  const draw = () => {
    button.ariaExpanded = `${open}`;
    frame.hidden = !open;
    // A frame begins to load when it becomes part of the page, and again whenever it is moved.
    if (open && !frame.isConnected) root.append(frame);
  };

  const toggle = () => {
    open = !open;
    draw();
    post({ parlor: 1, type: open ? 'open' : 'close' });
    (open ? frame : button).focus();
  };

  button.onclick = toggle;
  button.onkeydown = (event) => {
    if (event.key === 'Escape' && open) toggle();
  };

  addEventListener('message', ({ origin, source, data }: MessageEvent<ToHost>) => {
    if (origin !== base.origin || !source || source !== frame.contentWindow || data?.parlor !== 1) return;
    if (data.type === 'ready') {
      sessionId ??= keep('sid') ?? keep('sid', randomHex())!;
      post({ parlor: 1, type: 'init', sessionId, open, kept: keep('kept') });
    } else if (data.type === 'close') {
      if (open) toggle();
    } else if (data.type === 'unread') {
      label(data.count);
    } else if (data.type === 'wrote') {
      keep('wrote', '1');
    } else if (data.type === 'keep') {
      keep('kept', data.value);
    }
  });

  // On a phone the panel fills what the on-screen keyboard leaves of the page.
  const view = visualViewport!;
  const fit = () => {
    frame.style.setProperty('--top', `${view.offsetTop}px`);
    frame.style.setProperty('--high', `${view.height}px`);
  };
  view.addEventListener('resize', fit);
  view.addEventListener('scroll', fit);

  frame.title = displayName;
  frame.src = new URL(`widget/panel?channel=${token}`, base).href;
  button.className = frame.className = position === 'bottom-left' ? 'left' : '';
  button.style.background = primaryColor;
  button.style.color = ink(primaryColor);
  button.append(badge);
  label(0);
  draw();
  root.append(button);
  // Who has written here before hears of an answer without opening the panel.
  if (keep('wrote')) root.append(frame);
  page.append(host);
}

/** Remembers a value in the page's store, if it has one, and gives back what is remembered. */
function keep(name: string, value?: string): string | undefined {
  try {
    const key = `parlor_${name}_${token}`;
    if (value) localStorage.setItem(key, value);
    return localStorage.getItem(key) ?? value;
  } catch {
    return value;
  }
}

/** White or black, whichever stands out from the colour: the luminance with a plain exponent, exact enough for an icon. */
function ink(colour: string): string {
  const part = (at: number) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2;
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) < 0.2 ? '#fff' : '#000';
}
