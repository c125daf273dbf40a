// What an agent does with a conversation, and what is said when it does not work.

import type { Result } from '../api.ts';
import { fill, words } from '../i18n/index.ts';
import { go } from '../router.ts';
import { may } from '../session.ts';
import { ask, failed, toast } from '../ui/index.ts';
import type { InboxConversation } from '../wire.ts';
import { contactName } from './names.ts';
import * as store from './store.ts';

async function done(work: Promise<Result<unknown>>, otherwise: string, said = '', undo?: () => void): Promise<boolean> {
  const answer = await work;
  if (!answer.ok) failed(otherwise, answer);
  else if (said) toast(said, undo ? { action: { label: words.value.undo, run: undo } } : {});
  return answer.ok;
}

export const mayAnswer = (): boolean => may('manage_conversations');

export const claim = ({ id }: InboxConversation) => done(store.claim(id), words.value.notClaimed);

export const assign = ({ id, assignee_id }: InboxConversation, agent: string | null) =>
  agent === assignee_id ? Promise.resolve(true) : done(store.assign(id, agent), words.value.notAssigned);

export const handToAssistant = ({ id }: InboxConversation) => done(store.handToAssistant(id), words.value.notHanded, words.value.handed);

export async function resolve(conversation: InboxConversation): Promise<boolean> {
  const { id } = conversation;
  return done(store.resolve(id), words.value.notResolved, words.value.resolvedNow, () => void reopen(conversation));
}

export const reopen = ({ id }: InboxConversation) => done(store.reopen(id), words.value.notReopened);

export const snooze = (conversation: InboxConversation, until: Date, said: string) =>
  done(store.snooze(conversation.id, until), words.value.notSnoozed, fill(words.value.snoozedUntil, { time: said }), () => void wake(conversation));

export const wake = ({ id }: InboxConversation) => done(store.wake(id), words.value.notSnoozed);

export const setTags = ({ id }: InboxConversation, tags: string[]) => done(store.setTags(id, tags), words.value.notTagged);

export async function block(conversation: InboxConversation): Promise<void> {
  const { contact, id } = conversation;
  const name = contactName(contact);
  const yes = contact.blocked || (await ask({ title: fill(words.value.blockTitle, { name }), text: words.value.blockText, yes: words.value.block, danger: true }));
  if (yes) await done(store.block(id, contact, !contact.blocked), words.value.notBlocked);
}

export async function deleteNote(id: string, noteId: string): Promise<void> {
  const yes = await ask({ title: words.value.deleteNoteTitle, text: words.value.deleteNoteText, yes: words.value.delete, danger: true });
  if (yes) await done(store.deleteNote(id, noteId), words.value.notDeleted);
}

/** The row before or after the one that is open. */
export function step(by: 1 | -1): void {
  const { rows } = store.list.peek();
  const at = rows.findIndex(({ id }) => id === store.openId.peek());
  const next = rows[at < 0 ? 0 : at + by];
  if (next) void go(store.address(next.id));
}
