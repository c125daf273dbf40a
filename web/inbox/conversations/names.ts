// What people and things are called.

import { fill, words } from '../i18n/index.ts';
import type { InboxContact, InboxConversation, InboxMessage } from '../wire.ts';
import { assistants, memberName, myId } from './store.ts';

/** A visitor without a name is told apart by the last signs of their id. */
export function contactName({ display_name, email, phone, id }: InboxContact): string {
  return display_name?.trim() || email || phone || fill(words.value.visitor, { id: id.slice(-4).toUpperCase() });
}

export function assigneeName({ assignee_id }: InboxConversation): string {
  if (!assignee_id) return words.value.nobody;
  return assignee_id === myId() ? words.value.you : (memberName(assignee_id) ?? words.value.formerMember);
}

export function senderName(message: InboxMessage, contact: InboxContact): string {
  if (message.sender_type === 'end_user') return contactName(contact);
  if (message.sender_type === 'agent' && message.sender_id === myId()) return words.value.you;
  return message.sender_name ?? memberName(message.sender_id) ?? (message.sender_type === 'bot' ? words.value.assistant : words.value.formerMember);
}

export function assistantName(id: string | null): string {
  return assistants.value.find((assistant) => assistant.id === id)?.name ?? words.value.assistant;
}
