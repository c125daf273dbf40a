// What this person has sent and the server has not acknowledged yet, kept across reloads.

import { effect, signal } from '@preact/signals';
import { api, type Result } from '../api.ts';
import { words } from '../i18n/index.ts';
import { randomHex } from '../../shared/random.ts';
import { whenResumed } from '../socket.ts';
import { added, arrived, restored, turned, type Outgoing } from '../state/outbox.ts';
import type { InboxMessage, Note } from '../wire.ts';
import { messageTold, myId, noteTold } from './store.ts';

/** Each person's own: another one may sign in on this browser. */
const key = () => `parlor_inbox_outbox_${myId()}`;

export const outbox = signal<readonly Outgoing[]>([]);

/** What was on its way when the page was closed goes out again; what failed waits for the person. */
export function openOutbox(): void {
  outbox.value = restored(read());
  effect(() => keep(JSON.stringify(outbox.value)));
  effect(() => {
    const told = messageTold.value;
    if (told) outbox.value = arrived(outbox.peek(), told.message.client_message_id);
  });
  effect(() => {
    const told = noteTold.value;
    if (told) outbox.value = arrived(outbox.peek(), told.note.client_note_id);
  });
  whenResumed(() => outbox.peek().filter(({ state }) => state === 'sending').forEach((outgoing) => void post(outgoing)));
}

function read(): string | null {
  try {
    return localStorage.getItem(key());
  } catch {
    return null;
  }
}

function keep(text: string): void {
  try {
    localStorage.setItem(key(), text);
  } catch {
    // A browser that keeps nothing loses it with the page.
  }
}

export type Draft = Pick<Outgoing, 'conversationId' | 'kind' | 'content'> & Partial<Pick<Outgoing, 'contentType' | 'richMedia' | 'mentions'>>;

export function send(draft: Draft): Promise<boolean> {
  const outgoing: Outgoing = {
    contentType: 'text',
    richMedia: null,
    mentions: [],
    ...draft,
    clientId: randomHex(),
    at: new Date().toISOString(),
    state: 'sending',
    reason: '',
  };
  outbox.value = added(outbox.peek(), outgoing);
  return post(outgoing);
}

export function retry(outgoing: Outgoing): Promise<boolean> {
  outbox.value = turned(outbox.peek(), outgoing.clientId, 'sending');
  return post(outgoing);
}

export function discard({ clientId }: Outgoing): void {
  outbox.value = outbox.peek().filter((other) => other.clientId !== clientId);
}

/** One conversation's messages go out one after the other, as they were written. */
const last = new Map<string, Promise<unknown>>();

async function post(outgoing: Outgoing): Promise<boolean> {
  const before = last.get(outgoing.conversationId);
  const going = (async () => {
    await before;
    return outgoing.kind === 'note' ? postNote(outgoing) : postReply(outgoing);
  })();
  last.set(outgoing.conversationId, going);
  const answer = await going;
  if (last.get(outgoing.conversationId) === going) last.delete(outgoing.conversationId);
  if (answer.ok) {
    // What the socket tells of it shows it; without a socket its coming back will.
    settle(outgoing.clientId);
    return true;
  }
  outbox.value = turned(outbox.peek(), outgoing.clientId, 'failed', answer.reason || words.value.notReached);
  return false;
}

/** The server has it. It stays in its place until it is told, so that nothing flickers. */
function settle(clientId: string): void {
  setTimeout(() => {
    outbox.value = arrived(outbox.peek(), clientId);
  }, 5_000);
}

const postReply = ({ conversationId, content, contentType, richMedia, clientId }: Outgoing): Promise<Result<InboxMessage>> =>
  api.post(`/api/conversations/${conversationId}/messages`, {
    content,
    content_type: contentType,
    ...(richMedia ? { rich_media: richMedia } : {}),
    client_message_id: clientId,
  });

const postNote = ({ conversationId, content, mentions, clientId }: Outgoing): Promise<Result<Note>> =>
  api.post(`/api/conversations/${conversationId}/notes`, { content, mentions, client_note_id: clientId });
