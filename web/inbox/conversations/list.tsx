// The list of conversations: views, search and filters, and of fifty thousand rows only those that can be seen.

import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { dates, fill, number, plural, words } from '../i18n/index.ts';
import { go } from '../router.ts';
import type { Filter, View } from '../state/list.ts';
import { Avatar, Badge, Button, classes, EmptyState, Icon, IconButton, Popover, Select, Skeleton } from '../ui/index.ts';
import type { InboxConversation } from '../wire.ts';
import { assigneeName, contactName } from './names.ts';
import { address, channels, counts, filter, list, listFailed, loadList, loadMore, loadTags, myId, openId, team, thread } from './store.ts';

const ROW = 84;
const SPARE = 6;
const SEARCH_AFTER = 250;
const MOST_COUNTED = 1_000;

export function ConversationList() {
  return (
    <section class="list" aria-label={words.value.conversations}>
      {thread.value ? <h2 class="sr">{words.value.conversations}</h2> : <h1 class="sr">{words.value.conversations}</h1>}
      <Head />
      <Views />
      <Rows />
    </section>
  );
}

const change = (wanted: Partial<Filter>) => void go(address(openId.peek(), wanted));

function Head() {
  const w = words.value;
  const { search, status, tag, channel, assignee } = filter.value;
  const typed = useSignal(search);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    typed.value = search;
  }, [search]);
  const ask = (text: string) => {
    clearTimeout(timer.current);
    if (text.trim() !== filter.peek().search) change({ search: text.trim(), status: text.trim() ? 'any' : 'open' });
  };
  const narrowed = [tag, channel, assignee, !search && status !== 'open' ? status : ''].filter(Boolean).length;
  return (
    <header class="list-head">
      <div class="search" role="search">
        <Icon name="search" size={18} />
        <input
          type="search"
          aria-label={w.searchConversations}
          aria-keyshortcuts="/"
          placeholder={w.searchConversations}
          maxLength={200}
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
            clearTimeout(timer.current);
            timer.current = setTimeout(() => ask(typed.peek()), SEARCH_AFTER);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') ask(typed.peek());
            if (event.key === 'Escape') {
              typed.value = '';
              ask('');
              event.currentTarget.blur();
            }
          }}
        />
      </div>
      <Popover
        label={w.filters}
        align="end"
        class="list-filters"
        trigger={({ buttonRef, ...props }) => (
          <span class="with-mark">
            <IconButton label={narrowed ? `${w.filters} (${number.value.format(narrowed)})` : w.filters} icon="list-filter" shortcut="f" buttonRef={buttonRef} {...props} />
            {narrowed > 0 && <span class="mark-count" aria-hidden="true">{number.value.format(narrowed)}</span>}
          </span>
        )}
      >
        {() => <Filters />}
      </Popover>
    </header>
  );
}

function Filters() {
  const w = words.value;
  const { status, channel, assignee, tag, search, view } = filter.value;
  const tags = useSignal<string[]>([]);
  useEffect(() => {
    void loadTags().then((answer) => {
      if (answer.ok) tags.value = answer.value.map(({ tag }) => tag);
    });
  }, []);
  const all = { value: '', label: w.all };
  const statuses = (['open', 'snoozed', 'resolved', 'any'] as const).map((value) => ({ value, label: w.statuses[value] }));
  const tagOptions = tag && !tags.value.includes(tag) ? [tag, ...tags.value] : tags.value;
  return (
    <div class="form">
      {view !== 'mentions' && <Select label={w.status} value={status} options={statuses} onValue={(status) => change({ status: status as Filter['status'] })} />}
      {view === 'all' && (
        <Select label={w.assignee} value={assignee} options={[all, ...team.value.map(({ id, name }) => ({ value: id, label: name }))]} onValue={(assignee) => change({ assignee })} />
      )}
      <Select label={w.tag} value={tag} options={[all, ...tagOptions.map((value) => ({ value, label: value }))]} onValue={(tag) => change({ tag })} />
      {channels.value.length > 1 && (
        <Select label={w.channel} value={channel} options={[all, ...channels.value.map(({ id, name }) => ({ value: id, label: name }))]} onValue={(channel) => change({ channel })} />
      )}
      <Button kind="quiet" size="small" onClick={() => change({ status: search ? 'any' : 'open', channel: '', assignee: '', tag: '' })}>
        {w.noFilters}
      </Button>
    </div>
  );
}

function Views() {
  const w = words.value;
  const now = counts.value;
  const views: { view: View; label: string; count: number | undefined; unread: boolean; key: string }[] = [
    { view: 'mine', label: w.mine, count: now?.mine.open, unread: !!now?.mine.unread, key: '1' },
    { view: 'unassigned', label: w.unassigned, count: now?.unassigned.open, unread: !!now?.unassigned.unread, key: '2' },
    { view: 'all', label: w.all, count: now?.all.open, unread: false, key: '3' },
    { view: 'mentions', label: w.mentions, count: now?.mentions.unread, unread: !!now?.mentions.unread, key: '4' },
  ];
  return (
    <nav class="views" aria-label={w.views}>
      {views.map(({ view, label, count, unread, key }) => (
        <a
          key={view}
          href={address(openId.value, { view, status: view === 'mentions' ? 'any' : filter.value.status === 'any' && !filter.value.search ? 'open' : filter.value.status, ...(view === 'all' ? {} : { assignee: '' }) })}
          aria-current={filter.value.view === view ? 'true' : undefined}
          aria-keyshortcuts={key}
          title={`${label} (${key})`}
        >
          {label}
          {count !== undefined && count > 0 && <span class={classes('count', unread && 'unread')}>{shortCount(count)}</span>}
        </a>
      ))}
    </nav>
  );
}

function shortCount(count: number): string {
  return count >= MOST_COUNTED ? `${number.value.format(MOST_COUNTED - 1)}+` : number.value.format(count);
}

function Rows() {
  const box = useRef<HTMLDivElement>(null);
  const from = useSignal(0);
  const room = useSignal(Math.ceil(innerHeight / ROW));
  const { rows, complete, known, filter: shown } = list.value;
  const failure = listFailed.value;

  useLayoutEffect(() => {
    const measure = () => (room.value = Math.ceil((box.current?.clientHeight ?? innerHeight) / ROW));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const key = JSON.stringify(shown);
  useLayoutEffect(() => {
    if (box.current) box.current.scrollTop = 0;
    from.value = 0;
  }, [key]);

  const first = Math.max(0, Math.min(from.value, rows.length - room.value) - SPARE);
  const end = Math.min(rows.length, from.value + room.value + SPARE);
  useEffect(() => {
    if (known && !complete && end >= rows.length - SPARE * 2) void loadMore();
  }, [end, rows.length, complete, known]);
  useEffect(() => reveal(box.current, rows.findIndex(({ id }) => id === openId.value)), [openId.value]);

  // The row that the arrow keys start from, and the only one that Tab stops at.
  const current = rows.some(({ id }) => id === openId.value) ? openId.value : rows[first]?.id;
  const move = (event: KeyboardEvent) => {
    const at = rows.findIndex(({ id }) => id === (document.activeElement as HTMLElement | null)?.dataset['id']);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    const row = to === undefined ? undefined : rows[to];
    if (!row || at < 0) return;
    event.preventDefault();
    reveal(box.current, to!);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-id="${row.id}"]`)?.focus());
  };

  return (
    <div ref={box} class="rows" onScroll={() => (from.value = Math.floor(box.current!.scrollTop / ROW))}>
      {failure ? (
        <EmptyState icon="triangle-alert" title={words.value.notLoaded} action={<Button onClick={() => void loadList(filter.peek())}>{words.value.retry}</Button>}>
          {failure.reason || words.value.notReached}
        </EmptyState>
      ) : !known ? (
        <Skeleton rows lines={8} />
      ) : rows.length === 0 && complete ? (
        <Nothing filter={shown} />
      ) : (
        <ul style={{ height: `${(rows.length + (complete ? 0 : 1)) * ROW}px` }} onKeyDown={move}>
          {rows.slice(first, end).map((conversation, i) => (
            <Row key={conversation.id} conversation={conversation} at={first + i} of={complete ? rows.length : -1} tab={conversation.id === current} />
          ))}
        </ul>
      )}
    </div>
  );
}

/** Scrolls so far that a row can be seen. */
function reveal(box: HTMLElement | null, at: number): void {
  if (!box || at < 0) return;
  const top = at * ROW;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
}

function Nothing({ filter: { view, status, search, tag, channel, assignee } }: { filter: Filter }) {
  const w = words.value;
  if (search) return <EmptyState icon="search" title={w.nothingFound}>{w.nothingFoundText}</EmptyState>;
  if (tag || channel || assignee) return <EmptyState icon="list-filter" title={w.nothingFiltered}>{w.nothingFilteredText}</EmptyState>;
  if (view === 'mentions') return <EmptyState icon="at-sign" title={w.noMentions}>{w.noMentionsText}</EmptyState>;
  if (status === 'snoozed') return <EmptyState icon="alarm-clock" title={w.noSnoozed}>{w.noSnoozedText}</EmptyState>;
  if (status === 'resolved') return <EmptyState icon="circle-check" title={w.noResolved} />;
  if (view === 'all') return <EmptyState icon="messages-square" title={w.noConversations}>{w.noConversationsText}</EmptyState>;
  return <EmptyState icon="circle-check" title={w.allDone}>{w.allDoneText}</EmptyState>;
}

function Row({ conversation, at, of, tab }: { conversation: InboxConversation; at: number; of: number; tab: boolean }) {
  const w = words.value;
  const { id, contact, last_message: last, unread, tags, assignee_id, status, snoozed_until, answering, last_message_at } = conversation;
  const name = contactName(contact);
  const open = openId.value === id;
  return (
    <li style={{ transform: `translateY(${at * ROW}px)` }} aria-setsize={of} aria-posinset={at + 1}>
      <a class={classes('row', unread > 0 && 'unread')} href={address(id)} data-id={id} aria-current={open ? 'true' : undefined} tabIndex={tab ? 0 : -1}>
        <Avatar name={name} id={contact.id} size={40} />
        <span class="row-name">
          <b dir="auto">{name}</b>
          {contact.verified && <Icon name="shield" size={14} />}
          {contact.blocked && <Icon name="ban" size={14} />}
        </span>
        <time class="row-time" dateTime={last_message_at}>
          {dates.short(last_message_at)}
        </time>
        <span class="row-text">
          {last?.sender_type === 'bot' && <Icon name="bot" size={14} />}
          {last?.sender_type === 'agent' && <Icon name="reply" size={14} />}
          <span dir="auto">{last?.preview || w.contentTypes[last?.content_type as keyof typeof w.contentTypes] || ''}</span>
        </span>
        {unread > 0 && (
          <span class="row-unread">
            <span aria-hidden="true">{unread > 99 ? '99+' : number.value.format(unread)}</span>
            <span class="sr">{plural(w.unreadMessages, unread)}</span>
          </span>
        )}
        <span class="row-marks">
          {status === 'snoozed' && snoozed_until && (
            <Badge tone="warn">
              <Icon name="alarm-clock" size={14} />
              {dates.relativeShort(snoozed_until)}
            </Badge>
          )}
          {status === 'resolved' && (
            <Badge tone="good">
              <Icon name="check" size={14} />
              {w.statuses.resolved}
            </Badge>
          )}
          {status !== 'resolved' && answering === 'assistant' && !assignee_id && (
            <Badge>
              <Icon name="bot" size={14} />
              {w.assistant}
            </Badge>
          )}
          {tags.slice(0, 2).map((tag) => (
            <span key={tag} class="tag" dir="auto">
              {tag}
            </span>
          ))}
          {tags.length > 2 && <span class="tag">+{tags.length - 2}</span>}
          {assignee_id && (
            <span class="row-assignee" title={fill(w.assignedTo, { name: assigneeName(conversation) })}>
              <Avatar name={assignee_id === myId() ? (team.value.find((member) => member.id === assignee_id)?.name ?? w.you) : assigneeName(conversation)} id={assignee_id} size={20} />
              <span class="sr">{fill(w.assignedTo, { name: assigneeName(conversation) })}</span>
            </span>
          )}
        </span>
      </a>
    </li>
  );
}
