// Who the conversation is with: what is known of them, where they have been, what was before.

import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { safeHref } from '../../shared/linkify.ts';
import { dates, fill, words } from '../i18n/index.ts';
import { Avatar, Badge, Button, Dialog, failed, Icon, IconButton, TextField } from '../ui/index.ts';
import { block, mayAnswer } from './act.ts';
import { contactName } from './names.ts';
import { address, changeContact, channels, memberName, type ContactChange, type Open } from './store.ts';
import { Outside } from './text.tsx';

const MOST_ATTRIBUTES = 50;

export function ContactPanel({ open, onClose }: { open: Open; onClose: () => void }) {
  const w = words.value;
  const { conversation, details } = open;
  const { contact } = conversation;
  const editing = useSignal(false);
  const name = contactName(contact);
  const channel = channels.value.find(({ id }) => id === conversation.channel_id);
  const attributes = Object.entries(details.attributes);
  return (
    <aside class="contact" aria-label={w.contactDetails}>
      <header class="contact-head">
        <h2>{w.contact}</h2>
        <IconButton icon="x" label={w.close} onClick={onClose} />
      </header>
      <div class="contact-who">
        <Avatar name={name} id={contact.id} size={56} />
        <p dir="auto">
          <b>{name}</b>
        </p>
        {contact.verified ? (
          <Badge tone="good">
            <Icon name="shield" size={14} />
            {w.verified}
          </Badge>
        ) : null}
        {contact.blocked && <Badge tone="bad">{w.blocked}</Badge>}
      </div>
      <Part title={w.details} action={mayAnswer() && <IconButton size="small" icon="pencil" label={w.editContact} onClick={() => (editing.value = true)} />}>
        <dl>
          <Fact label={w.email}>
            {contact.email && safeHref(`mailto:${contact.email}`, /^mailto:$/) ? <a href={`mailto:${encodeURIComponent(contact.email)}`}>{contact.email}</a> : contact.email}
          </Fact>
          <Fact label={w.phone}>{contact.phone}</Fact>
          <Fact label={w.externalId}>
            <code>{details.external_id}</code>
          </Fact>
          <Fact label={w.channel}>{channel?.name}</Fact>
          <Fact label={w.firstSeen}>{dates.full(details.first_seen_at)}</Fact>
          {attributes.map(([key, value]) => (
            <Fact key={key} label={key}>
              {value}
            </Fact>
          ))}
        </dl>
      </Part>
      {details.page_views && details.page_views.length > 0 && (
        <Part title={w.pagesVisited}>
          <ol class="pages-visited">
            {details.page_views.map(({ url, title, at }, i) => {
              const href = safeHref(url);
              return (
                <li key={i}>
                  <span dir="auto">{href ? <Outside href={href}>{title || url}</Outside> : title || url}</span>
                  <time dateTime={at}>{dates.short(at)}</time>
                </li>
              );
            })}
          </ol>
        </Part>
      )}
      {details.sessions.length > 1 && (
        <Part title={w.earlierSessions}>
          <ol class="past">
            {details.sessions.map((session) => (
              <li key={session.id}>
                <span>
                  <time dateTime={session.created_at}>{dates.full(session.created_at)}</time>
                  {typeof session.rating === 'number' && <Stars score={session.rating} />}
                </span>
                <small dir="auto">
                  {[
                    session.status === 'resolved' ? w.statuses.resolved : w.statuses.open,
                    session.assignee_id ? (memberName(session.assignee_id) ?? w.formerMember) : '',
                    session.tags.join(', '),
                  ]
                    .filter(Boolean)
                    .join(' · ')}
                </small>
                {session.rating_comment && <q dir="auto">{session.rating_comment}</q>}
              </li>
            ))}
          </ol>
        </Part>
      )}
      {details.other_conversations.length > 0 && (
        <Part title={w.otherConversations}>
          <ul class="past">
            {details.other_conversations.map((other) => (
              <li key={other.id}>
                <a href={address(other.id)} dir="auto">
                  {contactName(other.contact)}
                </a>
                <small dir="auto">{other.last_message?.preview}</small>
              </li>
            ))}
          </ul>
        </Part>
      )}
      {mayAnswer() && (
        <Button kind="quiet" icon="ban" onClick={() => void block(conversation)}>
          {contact.blocked ? w.unblock : w.block}
        </Button>
      )}
      {editing.value && <EditContact open={open} onClose={() => (editing.value = false)} />}
    </aside>
  );
}

function Part({ title, action, children }: { title: string; action?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="contact-part">
      <header>
        <h3>{title}</h3>
        {action}
      </header>
      {children}
    </section>
  );
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  if (!children) return null;
  return (
    <div>
      <dt dir="auto">{label}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}

export function Stars({ score }: { score: number }) {
  return (
    <span class="stars" role="img" aria-label={fill(words.value.rated, { n: score })}>
      {'★'.repeat(score)}
      <i>{'★'.repeat(5 - score)}</i>
    </span>
  );
}

interface Row {
  key: string;
  value: string;
}

function EditContact({ open, onClose }: { open: Open; onClose: () => void }) {
  const w = words.value;
  const { contact, id } = open.conversation;
  const before = open.details.attributes;
  const name = useSignal(contact.display_name ?? '');
  const email = useSignal(contact.email ?? '');
  const phone = useSignal(contact.phone ?? '');
  const rows = useSignal<Row[]>(Object.entries(before).map(([key, value]) => ({ key, value: String(value) })));
  const busy = useSignal(false);
  const wrong = useSignal('');
  const form = useRef<HTMLFormElement>(null);
  const put = (at: number, change: Partial<Row>) => {
    rows.value = rows.peek().map((row, i) => (i === at ? { ...row, ...change } : row));
  };

  const save = async () => {
    const changes: ContactChange = {};
    const given = (value: string): string | null => value.trim() || null;
    if (given(name.value) !== contact.display_name) changes.display_name = given(name.value);
    if (given(email.value) !== contact.email) changes.email = given(email.value);
    if (given(phone.value) !== contact.phone) changes.phone = given(phone.value);
    const now = Object.fromEntries(rows.value.map(({ key, value }) => [key.trim(), value.trim()]).filter(([key]) => key));
    const attributes: Record<string, string | null> = {};
    for (const [key, value] of Object.entries(now)) if (before[key] !== value) attributes[key] = (value as string) || null;
    for (const key of Object.keys(before)) if (!(key in now)) attributes[key] = null;
    if (Object.keys(attributes).length) changes.attributes = attributes;
    if (!Object.keys(changes).length) return onClose();
    busy.value = true;
    const answer = await changeContact(id, contact, changes);
    busy.value = false;
    if (answer.ok) return onClose();
    if (answer.status === 400) wrong.value = answer.reason;
    else failed(w.notSaved, answer);
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={w.editContact}
      footer={
        <>
          <Button onClick={onClose}>{w.cancel}</Button>
          <Button kind="primary" busy={busy.value} onClick={() => form.current?.requestSubmit()}>
            {w.save}
          </Button>
        </>
      }
    >
      <form
        ref={form}
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TextField label={w.name} maxLength={200} value={name.value} onValue={(value) => (name.value = value)} autocomplete="off" />
        <TextField label={w.email} type="email" maxLength={254} value={email.value} onValue={(value) => (email.value = value)} autocomplete="off" />
        <TextField label={w.phone} type="tel" maxLength={50} value={phone.value} onValue={(value) => (phone.value = value)} autocomplete="off" />
        <fieldset class="attributes">
          <legend class="label">{w.attributes}</legend>
          {rows.value.map((row, i) => (
            <div key={i} class="attribute">
              <TextField bare label={w.attributeName} placeholder={w.attributeName} maxLength={50} value={row.key} onValue={(key) => put(i, { key })} />
              <TextField bare label={w.attributeValue} placeholder={w.attributeValue} maxLength={500} value={row.value} onValue={(value) => put(i, { value })} />
              <IconButton icon="trash-2" label={w.remove} onClick={() => (rows.value = rows.peek().filter((_, at) => at !== i))} />
            </div>
          ))}
          {rows.value.length < MOST_ATTRIBUTES && (
            <Button kind="quiet" size="small" icon="plus" onClick={() => (rows.value = [...rows.peek(), { key: '', value: '' }])}>
              {w.addAttribute}
            </Button>
          )}
        </fieldset>
        {wrong.value && (
          <p class="field-error" role="alert">
            {wrong.value}
          </p>
        )}
      </form>
    </Dialog>
  );
}
