// The messages and notes of a thread, from the first that is loaded to what has not been sent yet.

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { safeHref } from '../../shared/linkify.ts';
import { dates, fill, words } from '../i18n/index.ts';
import { me } from '../api.ts';
import { entries } from '../state/thread.ts';
import type { Outgoing } from '../state/outbox.ts';
import { Avatar, Button, classes, Icon, IconButton, Spinner } from '../ui/index.ts';
import type { InboxContact, InboxMessage, Note } from '../wire.ts';
import { deleteNote } from './act.ts';
import { contactName, senderName } from './names.ts';
import { discard, outbox, retry } from './outbox.ts';
import { Rich } from './rich.tsx';
import { loadEarlier, loadingEarlier, memberName, myId, sawThread, team, typing, type Open } from './store.ts';
import { Outside, Text } from './text.tsx';

/** What one person says within this time stands together. */
const TOGETHER = 5 * 60_000;

/** So near to the end somebody sees what comes, in pixels. */
const AT_END = 80;

export function Timeline({ open }: { open: Open }) {
  const w = words.value;
  const { thread, conversation } = open;
  const box = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const away = useSignal(false);
  const unseen = useSignal(0);
  /** Where the unread ones began when the thread was opened. */
  const mark = useRef(firstUnread(open));
  const last = thread.messages.at(-1)?.id;
  const sending = outbox.value.filter(({ conversationId, clientId }) => conversationId === conversation.id && !isThere(open, clientId));

  useEffect(() => {
    const observer = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && void loadEarlier(), { root: box.current, rootMargin: '400px 0px 0px' });
    observer.observe(top.current!);
    return () => observer.disconnect();
  }, [thread.messages[0]?.id]);

  // Whoever is at the end stays there; whoever reads above is told.
  const known = useRef(last);
  useEffect(() => {
    if (known.current === last) return;
    known.current = last;
    const own = thread.messages.at(-1)?.sender_id === myId();
    if (own || !away.peek()) box.current?.scrollTo({ top: 0 });
    else unseen.value += 1;
  }, [last]);
  useEffect(() => {
    if (sending.length) box.current?.scrollTo({ top: 0 });
  }, [sending.length]);

  // What is in view has been seen, as long as somebody looks.
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible' && document.hasFocus()) void sawThread();
    };
    const timer = setTimeout(look, 400);
    window.addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearTimeout(timer);
      window.removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
    };
  }, [last, thread.notes.at(-1)?.id]);

  return (
    <div class="timeline">
      <div
        ref={box}
        class="timeline-scroll"
        tabIndex={0}
        role="log"
        aria-label={fill(w.threadWith, { name: contactName(conversation.contact) })}
        onScroll={() => {
          away.value = -box.current!.scrollTop > AT_END;
          if (!away.value) unseen.value = 0;
        }}
      >
        <div class="timeline-end">
          <ol class="entries">
            <Entries open={open} unreadFrom={mark.current} />
            {sending.map((outgoing) => (
              <Sending key={outgoing.clientId} outgoing={outgoing} />
            ))}
          </ol>
          <Typing contact={conversation.contact} />
        </div>
        <div ref={top} class="timeline-top">
          {loadingEarlier.value && <Spinner />}
          {!thread.hasEarlier && <p class="beginning">{fill(w.beganOn, { date: dates.full(conversation.created_at) })}</p>}
        </div>
      </div>
      {away.value && (
        <Button class="to-end" kind={unseen.value ? 'primary' : 'secondary'} size="small" icon="arrow-down" onClick={() => box.current?.scrollTo({ top: 0, behavior: 'smooth' })}>
          {unseen.value ? w.newMessages : w.toNewest}
        </Button>
      )}
    </div>
  );
}

function isThere({ thread }: Open, clientId: string): boolean {
  return thread.messages.some(({ client_message_id }) => client_message_id === clientId) || thread.notes.some(({ client_note_id }) => client_note_id === clientId);
}

function firstUnread({ conversation, thread }: Open): string | null {
  const theirs = thread.messages.filter(({ sender_type }) => sender_type === 'end_user');
  return conversation.unread ? (theirs.at(-Math.min(conversation.unread, theirs.length))?.id ?? null) : null;
}

function Entries({ open, unreadFrom }: { open: Open; unreadFrom: string | null }) {
  const w = words.value;
  const rows: ComponentChildren[] = [];
  let day = '';
  let before: { who: string; at: number } | null = null;
  let session = '';
  for (const entry of entries(open.thread)) {
    const { created_at } = entry.kind === 'message' ? entry.message : entry.note;
    const today = new Date(created_at).toDateString();
    if (today !== day) {
      rows.push(
        <li key={`day ${today}`} class="day">
          <span>{dates.day(created_at)}</span>
        </li>,
      );
      before = null;
    }
    day = today;
    if (entry.kind === 'message') {
      const { message } = entry;
      if (session && session !== message.session_id) {
        rows.push(<Mark key={`session ${message.id}`}>{sessionEnd(open, session)}</Mark>);
        before = null;
      }
      session = message.session_id;
      if (message.id === unreadFrom) {
        rows.push(
          <Mark key="unread" accent>
            {w.newMessages}
          </Mark>,
        );
        before = null;
      }
      const at = Date.parse(created_at);
      const follows: boolean = before?.who === message.sender_id && at - before.at < TOGETHER;
      before = { who: message.sender_id, at };
      rows.push(<Message key={entry.key} message={message} contact={open.conversation.contact} follows={follows} />);
    } else {
      before = null;
      rows.push(<NoteEntry key={entry.key} note={entry.note} />);
    }
  }
  return <>{rows}</>;
}

function sessionEnd({ details }: Open, id: string): string {
  const ended = details.sessions.find((session) => session.id === id);
  return ended?.resolved_at ? fill(words.value.resolvedOn, { time: dates.full(ended.resolved_at) }) : words.value.newSession;
}

function Mark({ accent, children }: { accent?: boolean; children: ComponentChildren }) {
  return (
    <li class={classes('divider', accent && 'accent')}>
      <span>{children}</span>
    </li>
  );
}

function Message({ message, contact, follows }: { message: InboxMessage; contact: InboxContact; follows: boolean }) {
  const w = words.value;
  const name = senderName(message, contact);
  const theirs = message.sender_type === 'end_user';
  const read = message.read_by[contact.id];
  return (
    <li class={classes('message', message.sender_type, follows && 'follows')} aria-label={fill(w.saidAt, { name, time: dates.time(message.created_at) })}>
      {theirs && (follows ? <span class="avatar-room" /> : <Avatar name={name} id={contact.id} size={32} />)}
      <div class="utterance">
        {!follows && (
          <p class="who">
            <b dir="auto">{name}</b>
            {message.sender_type === 'bot' && <span class="ai">{w.ai}</span>}
          </p>
        )}
        <div class="bubble">
          <Rich message={message} />
          {message.sources.length > 0 && (
            <div class="sources">
              <Icon name="book-open" size={14} />
              <span class="sr">{w.sources}</span>
              <ul>
                {message.sources.map(({ article_id, title, url }) => {
                  const href = safeHref(url);
                  return (
                    <li key={article_id} dir="auto">
                      {href ? <Outside href={href}>{title}</Outside> : title}
                    </li>
                  );
                })}
              </ul>
            </div>
          )}
        </div>
        <p class="when">
          <time dateTime={message.created_at} title={dates.full(message.created_at)}>
            {dates.time(message.created_at)}
          </time>
          {!theirs && (
            <span class={classes('delivery', read && 'read')} title={read ? fill(w.readAt, { time: dates.full(read) }) : w.delivered}>
              <Icon name={read ? 'check-check' : 'check'} size={14} />
              <span class="sr">{read ? w.read : w.delivered}</span>
            </span>
          )}
        </p>
      </div>
      {!theirs && (follows ? <span class="avatar-room" /> : <Avatar name={name === w.you ? (me.value?.name ?? '') : name} id={message.sender_id} size={32} assistant={message.sender_type === 'bot'} />)}
    </li>
  );
}

function NoteEntry({ note }: { note: Note }) {
  const w = words.value;
  const own = note.author_id === myId();
  const may = own || me.value?.role === 'owner' || me.value?.role === 'admin';
  const names = note.mentions.map((id) => memberName(id)).filter((name) => name !== null);
  return (
    <li class="note" aria-label={fill(w.notedAt, { name: note.author_name, time: dates.time(note.created_at) })}>
      <p class="who">
        <Icon name="sticky-note" size={14} />
        <b dir="auto">{own ? w.you : note.author_name}</b>
        <span>{w.privateNote}</span>
        <time dateTime={note.created_at} title={dates.full(note.created_at)}>
          {dates.time(note.created_at)}
        </time>
        {may && <IconButton size="small" icon="trash-2" label={w.deleteNote} onClick={() => void deleteNote(note.conversation_id, note.id)} />}
      </p>
      <Text text={note.content} names={names} />
    </li>
  );
}

function Sending({ outgoing }: { outgoing: Outgoing }) {
  const w = words.value;
  const { kind, content, contentType, state, reason } = outgoing;
  const shown = content || w.contentTypes[contentType as keyof typeof w.contentTypes];
  return (
    <li class={classes(kind === 'note' ? 'note' : 'message agent follows', state)}>
      <div class={kind === 'note' ? 'sending' : 'utterance'}>
        <div class={kind === 'note' ? '' : 'bubble'}>
          <Text text={shown} />
        </div>
        {state === 'sending' ? (
          <p class="when">
            <Icon name="clock" size={14} />
            <span>{w.sending}</span>
          </p>
        ) : (
          <p class="when failure" role="alert">
            <Icon name="circle-alert" size={14} />
            <span>
              {w.notSent} {reason}
            </span>
            <Button size="small" kind="quiet" onClick={() => void retry(outgoing)}>
              {w.retry}
            </Button>
            <Button size="small" kind="quiet" onClick={() => discard(outgoing)}>
              {w.discard}
            </Button>
          </p>
        )}
      </div>
      {kind === 'reply' && <span class="avatar-room" />}
    </li>
  );
}

function Typing({ contact }: { contact: InboxContact }) {
  const who = [...typing.value.keys()].map((id) => (id === 'end_user' ? contactName(contact) : team.value.find((member) => member.id === id)?.name)).filter(Boolean);
  return (
    <p class="typing" role="status">
      {who.length > 0 && (
        <>
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span dir="auto">{fill(words.value.types, { name: who.join(', ') })}</span>
        </>
      )}
    </p>
  );
}
