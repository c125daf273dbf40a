// A view of the inbox as it is loaded: the first part of what the server would list, kept true by what it tells. Pure.

import type { InboxConversation, Status } from '../wire.ts';

export type View = 'unassigned' | 'mine' | 'all' | 'mentions';

export interface Filter {
  view: View;
  status: Status | 'any';
  channel: string;
  assignee: string;
  tag: string;
  search: string;
}

export const EVERYTHING: Filter = { view: 'all', status: 'open', channel: '', assignee: '', tag: '', search: '' };

export interface List {
  filter: Filter;
  /** The newest message first. */
  rows: readonly InboxConversation[];
  /** Whether nothing follows. */
  complete: boolean;
  /** Whether the first page has come. */
  known: boolean;
  /** What was told while a page was on its way and may belong to it: the page does not know of it. Null when none is. */
  late: readonly InboxConversation[] | null;
}

export function emptyList(filter: Filter): List {
  return { filter, rows: [], complete: false, known: false, late: null };
}

/** A page has been asked for. */
export function asking(list: List): List {
  return { ...list, late: [] };
}

/** What only the server can tell is as it was when it was asked; all else moves by itself. */
export function isFixed({ search, view }: Filter): boolean {
  return search !== '' || view === 'mentions';
}

/** Whether a conversation belongs into a view, as far as it says so itself. */
export function matches(filter: Filter, conversation: InboxConversation, me: string): boolean {
  const { view, status, channel, assignee, tag } = filter;
  if (!conversation.last_seq) return false;
  if (view === 'unassigned' && conversation.assignee_id !== null) return false;
  if (view === 'mine' && conversation.assignee_id !== me) return false;
  if (view !== 'mentions' && status !== 'any' && conversation.status !== status) return false;
  if (channel && conversation.channel_id !== channel) return false;
  if (assignee && conversation.assignee_id !== assignee) return false;
  return !tag || conversation.tags.includes(tag);
}

/** Times of the wire have as many digits behind the second as they need: without the `Z` their order is that of their letters. */
export function compareTimes(a: string, b: string): number {
  const [left, right] = [a.replace(/Z$/, ''), b.replace(/Z$/, '')];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** As the server lists: newest message first, of two at the same time the greater id. */
function order(a: InboxConversation, b: InboxConversation): number {
  return compareTimes(b.last_message_at, a.last_message_at) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/** Where a row is or would be. */
function placeOf(rows: readonly InboxConversation[], wanted: InboxConversation): number {
  let from = 0;
  let to = rows.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (order(rows[middle]!, wanted) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** What one conversation is now. Of `conversation` there is no newer version: the caller keeps that. */
export function told(list: List, conversation: InboxConversation, me: string): List {
  const at = list.rows.findIndex(({ id }) => id === conversation.id);
  const fixed = isFixed(list.filter);
  const stays = fixed ? at >= 0 : matches(list.filter, conversation, me);
  if (at < 0 && !stays) return list;
  let { late } = list;
  const rows = [...list.rows];
  if (at >= 0) rows.splice(at, 1);
  if (stays) {
    const place = placeOf(rows, conversation);
    // Behind the last one that is loaded there may be others before it: it comes with its page.
    if (place < rows.length || list.complete || fixed) rows.splice(place, 0, conversation);
    else if (late) late = [...late, conversation];
  }
  return { ...list, rows, late };
}

/**
 * The page that follows. `current` says what is known of a conversation that has changed since the server listed it, and what has left
 * the view since then stays out.
 */
export function paged(
  list: List,
  page: readonly InboxConversation[],
  limit: number,
  me: string,
  current: (conversation: InboxConversation) => InboxConversation,
): List {
  const complete = page.length < limit;
  const here = new Set(list.rows.map(({ id }) => id));
  const rows = [...list.rows];
  const put = (conversation: InboxConversation, anywhere: boolean) => {
    if (here.has(conversation.id)) return;
    if (!isFixed(list.filter) && !matches(list.filter, conversation, me)) return;
    const place = placeOf(rows, conversation);
    if (place === rows.length && !anywhere) return;
    rows.splice(place, 0, conversation);
    here.add(conversation.id);
  };
  for (const listed of page) put(current(listed), true);
  for (const told of list.late ?? []) put(current(told), complete);
  return { ...list, rows, complete, known: true, late: null };
}
