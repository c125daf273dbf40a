// The rich kinds of messages. Most conversations have none, so this comes with the first one. Files that were sent up
// to our own server are shown; what lies elsewhere is only linked to, since the panel loads nothing from elsewhere.
// It gets its tools handed in: imports would tear the panel into pieces.

import type { el } from '../shared/dom.ts';
import type { Words } from '../shared/i18n/index.ts';
import type { Media } from '../shared/wire.ts';
import style from './rich.style.ts';

const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
document.adoptedStyleSheets.push(sheet);

/** Links of our server live an hour at least. */
const FRESH = 50 * 60_000;
const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];

export interface Kit {
  el: typeof el;
  words: Words;
  tag: string;
  linked(text: string): Node[];
  /** A link, if the address is one that may be followed. */
  link(label: string, address: unknown): HTMLAnchorElement[];
  send(text: string): void;
  /** The structured part with links that work. */
  fresh(): Promise<unknown>;
}

export function rich({ contentType, richMedia }: Media, content: string, kit: Kit): Node[] {
  const { el, words, linked, link, send } = kit;
  const media = object(richMedia);

  const caption = (text: string): Node[] => (text ? [el('div', { className: 'caption', dir: 'auto' }, ...linked(text))] : []);

  /** A link to one of our own files, renewed when it has grown old. */
  const own = (address: unknown, find: (media: Fields) => unknown): HTMLAnchorElement[] => {
    let until = Date.now() + FRESH;
    return link('', here(address)).map((anchor) => {
      anchor.onclick = (event) => {
        if (Date.now() < until) return;
        event.preventDefault();
        kit.fresh().then((richMedia) => {
          until = Date.now() + FRESH;
          anchor.href = here(find(object(richMedia)));
          anchor.click();
        }, () => {});
      };
      return anchor;
    });
  };

  const picture = (media: Fields, prefix: string, alt: string, find: (media: Fields) => Fields): Node[] => {
    const address = media[`${prefix}url`];
    const preview = media[`${prefix}upload_id`] && media[`${prefix}preview_url`];
    if (!preview) return linkedTo(address, alt || words.image);
    const image = el('img', {
      alt: alt || words.image,
      src: here(preview),
      width: Number(media[`${prefix}width`]),
      height: Number(media[`${prefix}height`]),
      decoding: 'async',
    });
    return own(address, (media) => find(media)[`${prefix}url`]).map((anchor) => {
      anchor.className = 'picture';
      anchor.append(image);
      return anchor;
    });
  };

  /** What lies elsewhere: what it is, and where. */
  const linkedTo = (address: unknown, label: string): Node[] =>
    link(label, address).map((anchor) => {
      anchor.className = 'elsewhere';
      anchor.append(el('span', {}, anchor.host));
      return anchor;
    });

  const file = (): Node[] => {
    const name = string(media.filename) || words.file;
    const dot = name.lastIndexOf('.');
    const badge = el('span', { className: 'kind', ariaHidden: 'true' }, dot > 0 ? name.slice(dot + 1, dot + 5) : '');
    const inside = [badge, el('bdi', {}, name), el('span', { className: 'size' }, size(media.size, kit.tag))];
    const [anchor] = media.upload_id ? own(media.url, (media) => media.url) : link('', media.url);
    const whole = anchor ?? el('div');
    whole.className = 'file';
    whole.append(...inside);
    return [whole];
  };

  const choices = (list: unknown): Node[] => {
    const buttons = array(list).map((choice) => {
      const value = string(choice.value);
      return el('button', { value, onclick: () => send(value) }, string(choice.label) || value);
    });
    return buttons.length ? [el('div', { className: 'choices' }, ...buttons)] : [];
  };

  const dropdown = (): Node[] => {
    const options = array(media.options).map((choice) => el('option', { value: string(choice.value) }, string(choice.label)));
    const label = string(media.placeholder) || words.choose;
    const none = el('option', { value: '', disabled: true, selected: true }, label);
    const select = el('select', { ariaLabel: content || label }, none, ...options);
    const button = el('button', { disabled: true, onclick: () => send(select.value) }, words.send);
    select.onchange = () => (button.disabled = !select.value);
    return [el('div', { className: 'choices pick' }, select, button)];
  };

  const cards = (): Node[] => {
    const all = array(media.cards).map((card, i) =>
      el(
        'li',
        {},
        ...picture(card, 'image_', string(card.title), (media) => object(array(media.cards)[i])),
        el('b', { dir: 'auto' }, string(card.title)),
        ...(card.subtitle ? [el('span', { dir: 'auto' }, string(card.subtitle))] : []),
        ...choices(card.buttons),
      ),
    );
    // A list that scrolls has to be reached by the keyboard.
    return [el('ul', { className: 'cards', tabIndex: 0, ariaLabel: content || words.choose }, ...all)];
  };

  if (contentType === 'image') return [...picture(media, '', string(media.alt), (media) => media), ...caption(content)];
  if (contentType === 'file') return [...file(), ...caption(content === media.filename ? '' : content)];
  if (contentType === 'carousel') return [...caption(content), ...cards()];
  if (contentType === 'dropdown') return [...caption(content), ...dropdown()];
  return [...caption(content), ...choices(media.buttons)];
}

/** Our own server under the name by which this page has reached it. */
function here(address: unknown): string {
  try {
    return new URL(new URL(string(address), location.href).pathname, location.href).href;
  } catch {
    return '';
  }
}

function size(bytes: unknown, tag: string): string {
  let amount = Number(bytes);
  let unit = 0;
  for (; amount >= 1000 && unit < 3; unit++) amount /= 1000;
  const unitDisplay = unit ? 'short' : 'long';
  const style = { style: 'unit', unit: UNITS[unit]!, unitDisplay, maximumFractionDigits: amount < 10 && unit ? 1 : 0 } as const;
  return Number.isFinite(amount) ? new Intl.NumberFormat(tag, style).format(amount) : '';
}

type Fields = Record<string, unknown>;

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function object(value: unknown): Fields {
  return value && typeof value === 'object' ? (value as Fields) : {};
}

function array(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(object) : [];
}
