// What a message holds beside its text. Files of our own server are shown; what lies elsewhere is only linked to, since this page loads
// nothing from elsewhere.

import type { ComponentChildren } from 'preact';
import { safeHref } from '../../shared/linkify.ts';
import { ownFile } from '../api.ts';
import { fileSize, words } from '../i18n/index.ts';
import { Icon } from '../ui/index.ts';
import type { InboxMessage } from '../wire.ts';
import { Outside, Text } from './text.tsx';
import { freshMessage } from './store.ts';

type Fields = Record<string, unknown>;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const object = (value: unknown): Fields => (value && typeof value === 'object' ? (value as Fields) : {});
const array = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(object) : []);

/** The address of one of our files in a message, and of its preview. */
type Find = (media: Fields) => Fields;

export function Rich({ message }: { message: InboxMessage }) {
  const media = object(message.rich_media);
  const { content, content_type: type } = message;
  if (type === 'image') {
    return (
      <>
        <Picture message={message} find={(media) => media} prefix="" alt={text(media['alt'])} />
        {content && <Text text={content} />}
      </>
    );
  }
  if (type === 'file') {
    return (
      <>
        <File message={message} media={media} />
        {content && content !== media['filename'] && <Text text={content} />}
      </>
    );
  }
  return (
    <>
      {content && <Text text={content} />}
      {type === 'carousel' && (
        <ul class="cards" tabIndex={0} aria-label={words.value.contentTypes.carousel}>
          {array(media['cards']).map((card, i) => (
            <li key={i}>
              {Boolean(card['image_url']) && <Picture message={message} find={(media) => object(array(media['cards'])[i])} prefix="image_" alt={text(card['title'])} />}
              <b dir="auto">{text(card['title'])}</b>
              {text(card['subtitle']) && <span dir="auto">{text(card['subtitle'])}</span>}
              <Choices list={card['buttons']} />
            </li>
          ))}
        </ul>
      )}
      {type === 'dropdown' && <Choices list={media['options']} />}
      {type === 'quick_button' && <Choices list={media['buttons']} />}
    </>
  );
}

/** What the visitor may choose from; choosing is theirs. */
function Choices({ list }: { list: unknown }) {
  const choices = array(list);
  if (!choices.length) return null;
  return (
    <ul class="offered-choices" aria-label={words.value.choices}>
      {choices.map((choice, i) => (
        <li key={i} dir="auto">
          {text(choice['label']) || text(choice['value'])}
        </li>
      ))}
    </ul>
  );
}

function Picture({ message, find, prefix, alt }: { message: InboxMessage; find: Find; prefix: string; alt: string }) {
  const media = find(object(message.rich_media));
  const label = alt || words.value.contentTypes.image;
  const preview = media[`${prefix}upload_id`] ? ownFile(media[`${prefix}preview_url`]) : '';
  if (!preview) return <Elsewhere address={media[`${prefix}url`]} label={label} icon="image" />;
  return (
    <Own message={message} address={(media) => find(media)[`${prefix}url`]} class="picture">
      <img src={preview} alt={label} width={Number(media[`${prefix}width`]) || 320} height={Number(media[`${prefix}height`]) || 240} decoding="async" loading="lazy" />
    </Own>
  );
}

function File({ message, media }: { message: InboxMessage; media: Fields }) {
  const name = text(media['filename']) || words.value.contentTypes.file;
  const inside = (
    <>
      <Icon name="file" size={20} />
      <bdi>{name}</bdi>
      <small>{Number.isFinite(Number(media['size'])) ? fileSize(Number(media['size'])) : ''}</small>
    </>
  );
  if (media['upload_id']) {
    return (
      <Own message={message} address={(media) => media['url']} class="file">
        {inside}
      </Own>
    );
  }
  return <Elsewhere address={media['url']} label={name} icon="file" />;
}

/** Links of our server live an hour at least. */
const FRESH = 50 * 60_000;
const since = new WeakMap<InboxMessage, number>();

/** A link to one of our own files, renewed when it has grown old. */
function Own({ message, address, class: name, children }: { message: InboxMessage; address: (media: Fields) => unknown; class: string; children: ComponentChildren }) {
  if (!since.has(message)) since.set(message, Date.now());
  const href = ownFile(address(object(message.rich_media)));
  const renew = async (event: MouseEvent) => {
    if (Date.now() - since.get(message)! < FRESH) return;
    event.preventDefault();
    const fresh = await freshMessage(message);
    if (fresh) window.open(ownFile(address(object(fresh.rich_media))), '_blank', 'noopener');
  };
  if (!href) return <span class={name}>{children}</span>;
  return (
    <a class={name} href={href} target="_blank" rel="noopener" onClick={renew}>
      {children}
    </a>
  );
}

/** What lies elsewhere: what it is, and where. */
function Elsewhere({ address, label, icon }: { address: unknown; label: string; icon: 'image' | 'file' }) {
  const href = safeHref(address);
  return (
    <span class="file">
      <Icon name={icon} size={20} />
      <bdi>{label}</bdi>
      {href && (
        <Outside href={href}>
          <small>{new URL(href).host}</small>
        </Outside>
      )}
    </span>
  );
}
