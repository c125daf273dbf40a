// The rich kinds of messages, told in text and links, since the panel loads nothing from elsewhere. Most conversations
// have none, so this comes with the first one. It gets its tools handed in: imports would tear the panel into pieces.

import type { el } from '../shared/dom.ts';
import type { Words } from '../shared/i18n/index.ts';
import type { Message } from '../shared/wire.ts';

const MOST_CHOICES = 20;

export interface Kit {
  el: typeof el;
  words: Words;
  linked(text: string): Node[];
  /** A link, if the address is one that may be followed. */
  link(label: string, address: unknown): Node[];
  send(text: string): void;
}

export function rich({ contentType, content, richMedia }: Message, { el, words, linked, link, send }: Kit): Node[] {
  const media = (richMedia ?? {}) as Record<string, unknown>;

  const attachment = (address: unknown, label: string): Node[] => {
    const found = link(label, address);
    return found.length ? [el('div', { className: 'attachment' }, ...found)] : [];
  };
  const choices = (list: unknown): Node[] => {
    const buttons = array(list)
      .slice(0, MOST_CHOICES)
      .map((choice) => {
        const label = string(choice.label) || string(choice.value);
        return el('button', { onclick: () => send(string(choice.value) || label) }, label);
      });
    return buttons.length ? [el('div', { className: 'choices' }, ...buttons)] : [];
  };

  if (contentType === 'image') {
    return [...linked(content), ...attachment(media.url, string(media.alt) || words.image)];
  }
  if (contentType === 'file') {
    const name = string(media.filename);
    return [...(content === name ? [] : linked(content)), ...attachment(media.url, name || words.file)];
  }
  const cards = array(media.cards).map((card) =>
    el(
      'div',
      { className: 'card' },
      el('b', {}, string(card.title)),
      el('span', {}, string(card.subtitle)),
      ...attachment(card.image_url, words.image),
      ...choices(card.buttons),
    ),
  );
  return [...linked(content), ...cards, ...choices(media.buttons), ...choices(media.options)];
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function array(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((item) => item && typeof item === 'object') : [];
}
