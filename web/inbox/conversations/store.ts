// The conversations as this page holds them: the pure folding of `state/` behind signals, fed by REST and by what the socket tells.

import { batch, computed, effect, signal } from '@preact/signals';
import { api, me, type Failure, type Result } from '../api.ts';
import { behind, HOME, place } from '../router.ts';
import { may } from '../session.ts';
import { hear, mention, say, whenResumed } from '../socket.ts';
import { Known, type Change } from '../state/known.ts';
import { asking, compareTimes, emptyList, EVERYTHING, paged, told, type Filter, type List, type View } from '../state/list.ts';
import { caughtUp, extended, heard, lastSeq, noted, openedThread, read, unnoted, type Thread } from '../state/thread.ts';
import type {
  Assistant,
  CannedReply,
  Channel,
  ConversationTold,
  Counts,
  Details,
  DraftTold,
  InboxConversation,
  InboxMessage,
  Member,
  MessageTold,
  NoteGone,
  NoteTold,
  Opened,
  ReadTold,
  Timeline,
  TypingTold,
  ViewersTold,
} from '../wire.ts';

const PAGE = 50;
const EARLIER = 50;
const MOST_MESSAGES = 200;

/** After so many pages of what was missed it is quicker to load the list anew. */
const MOST_MISSED_PAGES = 5;

/** Changes of one moment may become visible in another order than that of their times. */
const OVERLAP = 5_000;

/** The guide clears somebody's typing after 6 s; a telling that was lost clears itself here. */
const TYPING_LASTS = 7_000;

/** How long to wait for what the server tells of a change before fetching it. */
const TOLD_WITHIN = 3_000;

export const myId = (): string => me.peek()?.id ?? '';

// Where somebody is.

const VIEWS = new Set<string>(['unassigned', 'mine', 'all', 'mentions']);
const STATUSES = new Set<string>(['open', 'snoozed', 'resolved', 'any']);

export const filter = computed<Filter>(() => {
  const { query } = place.value;
  const view = query.get('view') ?? 'all';
  const search = query.get('search') ?? '';
  const status = query.get('status') ?? (search ? 'any' : 'open');
  return {
    view: (VIEWS.has(view) ? view : 'all') as View,
    status: (STATUSES.has(status) ? status : 'open') as Filter['status'],
    channel: query.get('channel') ?? '',
    assignee: query.get('assignee') ?? '',
    tag: query.get('tag') ?? '',
    search,
  };
});

/** The address of a conversation, or of none, under a filter. */
export function address(id: string | null, wanted: Partial<Filter> = {}): string {
  const { view, status, channel, assignee, tag, search } = { ...filter.peek(), ...wanted };
  const usual = search ? 'any' : 'open';
  const said = { view: view === 'all' ? '' : view, status: status === usual || (wanted.search !== undefined && wanted.status === undefined) ? '' : status, channel, assignee, tag, search };
  const query = new URLSearchParams(Object.entries(said).filter(([, value]) => value !== ''));
  const path = id ? `${HOME}/c/${id}` : HOME;
  return query.size ? `${path}?${query}` : path;
}

export const openId = computed<string | null>(() => behind(`${HOME}/c`, place.value.path) || null);

// The list.

const known = new Known();
const NONE = emptyList(EVERYTHING);

export const list = signal<List>(NONE);
export const listFailed = signal<Failure | null>(null);
const listLoading = signal(false);
/** The newest change that was seen, by the server's clock. */
let newestChange = '';

/** Counts up with every question, so that an answer to an older one is not taken. */
let asked = 0;

function question({ view, status, channel, assignee, tag, search }: Filter) {
  return { view, status: view === 'mentions' ? undefined : status, channel_id: channel, assignee_id: assignee, tag, search, limit: PAGE };
}

export async function loadList(wanted: Filter): Promise<void> {
  const mine = ++asked;
  listFailed.value = null;
  listLoading.value = true;
  // The old rows stay to be seen until the answer has come, if it is the same view.
  list.value = asking(list.peek());
  const answer = await api.get<InboxConversation[]>('/api/inbox/conversations/', question(wanted));
  if (mine !== asked) return;
  listLoading.value = false;
  if (!answer.ok) {
    listFailed.value = answer;
    return;
  }
  list.value = paged({ ...emptyList(wanted), late: list.peek().late }, seen(answer.value), PAGE, myId(), (row) => known.newest(row));
}

export async function loadMore(): Promise<void> {
  const { rows, complete, filter: wanted, known: loaded } = list.peek();
  const last = rows.at(-1);
  if (!last || complete || !loaded || listLoading.peek()) return;
  const mine = asked;
  listLoading.value = true;
  list.value = asking(list.peek());
  const answer = await api.get<InboxConversation[]>('/api/inbox/conversations/', { ...question(wanted), after: last.id });
  if (mine !== asked) return;
  listLoading.value = false;
  if (answer.ok) list.value = paged(list.peek(), seen(answer.value), PAGE, myId(), (row) => known.newest(row));
}

/** Remembers the newest change in what has come. */
function seen(conversations: InboxConversation[]): InboxConversation[] {
  for (const { updated_at } of conversations) if (compareTimes(updated_at, newestChange) > 0) newestChange = updated_at;
  return conversations;
}

/** Takes in what the server says of a conversation, wherever it is shown. */
function tell(conversation: InboxConversation): boolean {
  const now = known.tell(conversation);
  if (!now) return false;
  seen([conversation]);
  show(now);
  countSoon();
  return true;
}

function show(now: InboxConversation): void {
  const open = thread.peek();
  batch(() => {
    list.value = told(list.peek(), now, myId());
    if (open?.conversation.id === now.id) thread.value = { ...open, conversation: now };
  });
  if (open?.conversation.id === now.id && aboutSessions(open.conversation) !== aboutSessions(now)) detailSoon();
}

/** What of a conversation is also told in the list of its sessions. */
function aboutSessions({ session_id, status, assignee_id, tags, rating }: InboxConversation): string {
  return JSON.stringify([session_id, status, assignee_id, tags, rating]);
}

const DETAIL_AFTER = 300;
let detailing: ReturnType<typeof setTimeout> | undefined;

/** The sessions are not told one by one: they are asked for when something has changed in them. */
function detailSoon(): void {
  clearTimeout(detailing);
  detailing = setTimeout(async () => {
    const id = openId.peek();
    const answer = id && (await api.get<Opened>(`/api/inbox/conversations/${id}`));
    const open = thread.peek();
    if (!answer || !answer.ok || open?.conversation.id !== id) return;
    thread.value = detailed(open, answer.value);
    tell(answer.value.conversation);
  }, DETAIL_AFTER);
}

/** Takes the details of an answer, unless newer ones have come. What has changed since it was given is asked for again. */
function detailed(open: Open, { details, conversation: { version } }: Opened): Open {
  if (version < open.conversation.version) detailSoon();
  return version < open.detailsAt ? open : { ...open, details, detailsAt: version };
}

/** What has changed while we were not told. */
async function catchUp(): Promise<void> {
  countSoon();
  void refreshThread();
  const { filter: wanted, known: loaded } = list.peek();
  if (!loaded || !newestChange) return loadList(filter.peek());
  let since = new Date(Date.parse(newestChange) - OVERLAP).toISOString();
  for (let page = 0; page < MOST_MISSED_PAGES; page++) {
    const answer = await api.get<InboxConversation[]>('/api/inbox/conversations/', { view: 'all', status: 'any', updated_after: since, limit: 100 });
    if (!answer.ok) return;
    answer.value.forEach(tell);
    if (answer.value.length < 100) {
      if (wanted.view === 'mentions' || wanted.search) await loadList(wanted);
      return;
    }
    since = answer.value.at(-1)!.updated_at;
  }
  await loadList(wanted);
}

// Numbers beside the views.

export const counts = signal<Counts | null>(null);
const COUNT_EVERY = 1_000;
let counting: ReturnType<typeof setTimeout> | undefined;
let countedAt = 0;

/** Counts once what happens now has happened, and not all the time. */
function countSoon(): void {
  if (counting) return;
  counting = setTimeout(async () => {
    // What changes from here on is counted the next time.
    counting = undefined;
    countedAt = Date.now();
    const answer = await api.get<Counts>('/api/inbox/counts/');
    if (answer.ok) counts.value = answer.value;
  }, Math.max(100, countedAt + COUNT_EVERY - Date.now()));
}

// The thread that is open.

export interface Open {
  conversation: InboxConversation;
  details: Details;
  /** The version of the conversation that the details were told with. */
  detailsAt: number;
  thread: Thread;
  viewers: string[];
  /** What the server had kept of this person's draft when the thread was opened. */
  draft: string;
}

export const thread = signal<Open | null>(null);
export const threadFailed = signal<Failure | null>(null);
export const loadingEarlier = signal(false);
/** Who types in the thread that is open: agents' ids, and `end_user`. */
export const typing = signal<ReadonlyMap<string, number>>(new Map());
/** The last draft that another tab has saved. */
export const draftElsewhere = signal<DraftTold | null>(null);

let opening = 0;

export async function openThread(id: string): Promise<void> {
  const mine = ++opening;
  batch(() => {
    threadFailed.value = null;
    thread.value = null;
    typing.value = new Map();
  });
  void view(id);
  const answer = await api.get<Opened>(`/api/inbox/conversations/${id}`);
  if (mine !== opening) return;
  if (!answer.ok) {
    threadFailed.value = answer;
    return;
  }
  const { conversation, details, draft, viewers } = answer.value;
  seen([conversation]);
  const now = known.newest(conversation);
  seen(details.other_conversations);
  const opened: Open = { conversation: now, details, detailsAt: conversation.version, thread: openedThread(id, answer.value), viewers, draft: draft?.content ?? '' };
  thread.value = detailed(opened, answer.value);
  missing.delete(id);
  void fillHole();
}

export function closeThread(): void {
  opening++;
  thread.value = null;
  threadFailed.value = null;
  void view(null);
}

/** Says which conversation this page has open, for the others. */
async function view(id: string | null): Promise<void> {
  const answer = await say<{ viewers: string[] }>('view_conversation', { conversation_id: id });
  const open = thread.peek();
  if (answer && open && open.conversation.id === id) thread.value = { ...open, viewers: answer.viewers };
}

/** Fetches the thread again, as much of it as is loaded. */
async function refreshThread(): Promise<void> {
  const id = openId.peek();
  if (!id) return;
  const mine = opening;
  void view(id);
  const answer = await api.get<Opened>(`/api/inbox/conversations/${id}`);
  if (mine !== opening) return;
  const before = thread.peek();
  if (!answer.ok || !before) {
    if (!answer.ok && answer.status === 404) threadFailed.value = answer;
    return;
  }
  let fresh = openedThread(id, answer.value);
  // What was scrolled back to stays, as it is now.
  const first = before.thread.messages[0]?.seq ?? Infinity;
  while (fresh.hasEarlier && (fresh.messages[0]?.seq ?? 0) > first) {
    const earlier = await api.get<Timeline>(`/api/inbox/conversations/${id}/timeline`, { before: fresh.messages[0]!.seq, limit: MOST_MESSAGES });
    if (mine !== opening || !earlier.ok) return;
    fresh = extended(fresh, earlier.value);
  }
  const { conversation, viewers } = answer.value;
  const now = known.newest(conversation);
  // What was told meanwhile may be newer than the answer.
  const late = thread.peek()!.thread.messages.filter(({ seq }) => seq > lastSeq(fresh));
  fresh = caughtUp(fresh, { messages: late, notes: [], has_earlier: false });
  thread.value = detailed({ ...thread.peek()!, conversation: now, viewers, thread: fresh }, answer.value);
  await fillHole();
}

/** Changes the thread that is open, if it is this one. */
function change(id: string, how: (thread: Thread) => Thread): void {
  const open = thread.peek();
  if (open?.conversation.id === id) thread.value = { ...open, thread: how(open.thread) };
}

/** Conversations of which a message was told that is not the next one. */
const missing = new Set<string>();

async function fillHole(): Promise<void> {
  for (;;) {
    const open = thread.peek();
    if (!open || open.conversation.last_seq <= lastSeq(open.thread) || missing.has(open.conversation.id)) return;
    const { id } = open.conversation;
    missing.add(id);
    const answer = await api.get<Timeline>(`/api/inbox/conversations/${id}/timeline`, { after: lastSeq(open.thread), limit: MOST_MESSAGES });
    missing.delete(id);
    if (!answer.ok || !answer.value.messages.length) return;
    change(id, (thread) => caughtUp(thread, answer.value));
  }
}

export async function loadEarlier(): Promise<void> {
  const open = thread.peek();
  const first = open?.thread.messages[0]?.seq;
  if (!open?.thread.hasEarlier || first === undefined || loadingEarlier.peek()) return;
  loadingEarlier.value = true;
  const { id } = open.conversation;
  const answer = await api.get<Timeline>(`/api/inbox/conversations/${id}/timeline`, { before: first, limit: EARLIER });
  if (answer.ok) change(id, (thread) => extended(thread, answer.value));
  loadingEarlier.value = false;
}

// What the server tells.

/** Told of every message that has just come, whatever is open. */
export const messageTold = signal<MessageTold | null>(null);
export const noteTold = signal<NoteTold | null>(null);

export function listen(): void {
  hear<ConversationTold>('inbox_conversation', ({ conversation }) => {
    tell(conversation);
    void fillHole();
  });
  hear<MessageTold>('inbox_message', (event) => {
    tell(event.conversation);
    change(event.message.conversation_id, (thread) => heard(thread, event.message) ?? thread);
    stopTyping(event.message.conversation_id, event.message.sender_type === 'end_user' ? 'end_user' : event.message.sender_id);
    messageTold.value = event;
    void fillHole();
  });
  hear<ReadTold>('inbox_read', (event) => {
    tell(event.conversation);
    change(event.conversation.id, (thread) => read(thread, event));
  });
  hear<NoteTold>('inbox_note', (event) => {
    tell(event.conversation);
    change(event.note.conversation_id, (thread) => noted(thread, event.note));
    noteTold.value = event;
    if (event.note.mentions.includes(myId()) && filter.peek().view === 'mentions') void loadList(filter.peek());
  });
  hear<NoteGone>('inbox_note_deleted', (event) => {
    if (event.conversation) tell(event.conversation);
    change(event.conversation_id, (thread) => unnoted(thread, event.note_id));
  });
  hear<ViewersTold>('inbox_viewers', ({ conversation_id, viewers }) => {
    const open = thread.peek();
    if (open?.conversation.id === conversation_id) thread.value = { ...open, viewers };
  });
  hear<DraftTold>('inbox_draft', (event) => {
    draftElsewhere.value = event;
  });
  hear<TypingTold>('inbox_typing', ({ conversation_id, sender_type, agent_id, typing: now }) => {
    const who = sender_type === 'end_user' ? sender_type : agent_id;
    if (!who || who === myId() || conversation_id !== openId.peek()) return;
    if (!now) return stopTyping(conversation_id, who);
    typing.value = new Map(typing.peek()).set(who, Date.now());
    setTimeout(() => {
      if ((typing.peek().get(who) ?? Infinity) <= Date.now() - TYPING_LASTS) stopTyping(conversation_id, who);
    }, TYPING_LASTS + 50);
  });
  hear<{ what: string }>('inbox_changed', ({ what }) => {
    if (what === 'team') void loadTeam();
    if (what === 'canned_replies') void loadCanned();
    if (what === 'assistants') void loadAssistants();
    if (what === 'channels') void loadChannels();
  });
  whenResumed(() => {
    void catchUp();
    void loadTeam();
  });

  effect(() => {
    const wanted = filter.value;
    const { filter: shown, known: loaded } = list.peek();
    if (loaded && JSON.stringify(wanted) === JSON.stringify(shown)) return;
    list.value = emptyList(wanted);
    void loadList(wanted);
  });
  effect(() => {
    const id = openId.value;
    if (id) void openThread(id);
    else closeThread();
  });
  countSoon();
  void loadTeam();
  void loadCanned();
  void loadAssistants();
  void loadChannels();
}

function stopTyping(conversationId: string, who: string): void {
  if (conversationId !== openId.peek() || !typing.peek().has(who)) return;
  const left = new Map(typing.peek());
  left.delete(who);
  typing.value = left;
}

export function tellTyping(id: string): void {
  mention('inbox_typing', { conversation_id: id });
}

// What this person does. It shows at once; what the server refuses is taken back, and the caller says so.

/** What was done before has to be done before what comes now: a request may overtake another one. */
const doing = new Map<string, Promise<unknown>>();

async function inTurn<T>(id: string, ask: () => Promise<T>): Promise<T> {
  const turn = (doing.get(id) ?? Promise.resolve()).then(ask);
  doing.set(id, turn);
  const answer = await turn;
  if (doing.get(id) === turn) doing.delete(id);
  return answer;
}

async function guessed<T>(id: string, guess: Change, ask: () => Promise<Result<T>>): Promise<Result<T>> {
  const shown = known.guess(id, guess);
  const now = known.get(id);
  if (now) show(now);
  const answer = await inTurn(id, () => {
    shown.sent();
    return ask();
  });
  if (answer.ok) shown.agreed();
  else shown.refused();
  const then = known.get(id);
  if (then) show(then);
  // What the server tells may be lost; then the truth is fetched.
  if (answer.ok && known.isGuessed(id)) setTimeout(() => void settle(id), TOLD_WITHIN);
  return answer;
}

async function settle(id: string): Promise<void> {
  if (!known.isGuessed(id)) return;
  const answer = await api.get<Opened>(`/api/inbox/conversations/${id}`);
  if (!answer.ok) return;
  known.settleAll(id);
  tell(answer.value.conversation);
}

const of = (id: string, verb: string) => `/api/conversations/${id}/${verb}`;

export const claim = (id: string) => guessed(id, { assignee_id: myId(), answering: 'person' }, () => api.post(of(id, 'assign'), {}));

export const assign = (id: string, agent: string | null) =>
  guessed(id, agent ? { assignee_id: agent, answering: 'person' } : { assignee_id: null }, () => api.post(of(id, 'assign'), { agent_id: agent }));

export const handToAssistant = (id: string) => guessed(id, { answering: 'assistant', assignee_id: null }, () => api.post(of(id, 'assistant')));

export const resolve = (id: string) => guessed(id, { status: 'resolved', snoozed_until: null, unread: 0 }, () => api.post(of(id, 'resolve'), {}));

export const reopen = (id: string) => guessed(id, { status: 'open' }, () => api.post(of(id, 'reopen')));

export const setTags = (id: string, tags: string[]) => guessed(id, { tags }, () => api.post(of(id, 'tags'), { tags }));

export const snooze = (id: string, until: Date) =>
  guessed(id, { status: 'snoozed', snoozed_until: until.toISOString() }, () => api.post(of(id, 'snooze'), { until: until.toISOString() }));

export const wake = (id: string) => guessed(id, { status: 'open', snoozed_until: null }, () => api.delete(of(id, 'snooze')));

export const block = (id: string, contact: InboxConversation['contact'], blocked: boolean) =>
  guessed(id, { contact: { ...contact, blocked } }, () => api.post(`/api/contacts/${contact.id}/${blocked ? 'block' : 'unblock'}`));

export interface ContactChange {
  display_name?: string | null;
  email?: string | null;
  phone?: string | null;
  attributes?: Record<string, string | null>;
}

export async function changeContact(id: string, contact: InboxConversation['contact'], changes: ContactChange) {
  const { attributes, ...own } = changes;
  const answer = await guessed(id, { contact: { ...contact, ...own } }, () =>
    api.patch<{ attributes: Record<string, string> }>(`/api/contacts/${contact.id}`, changes),
  );
  const open = thread.peek();
  if (answer.ok && attributes && open?.conversation.id === id) {
    thread.value = { ...open, details: { ...open.details, attributes: answer.value.attributes } };
  }
  return answer;
}

export async function deleteNote(id: string, noteId: string): Promise<Result<void>> {
  const note = thread.peek()?.thread.notes.find((note) => note.id === noteId);
  change(id, (thread) => unnoted(thread, noteId));
  const answer = await api.delete(of(id, `notes/${noteId}`));
  if (!answer.ok && note) change(id, (thread) => noted(thread, note));
  return answer;
}

/** This person has looked at the thread: the team's count of unread goes down, and the visitor sees that it was read. */
export async function sawThread(): Promise<void> {
  const open = thread.peek();
  // Whoever only reads leaves no marks.
  if (!open || !may('manage_conversations')) return;
  const { conversation, thread: shown } = open;
  const unread = shown.messages.filter((message) => message.sender_type === 'end_user' && !message.read_by[myId()]).map(({ id }) => id);
  const marks: Promise<unknown>[] = [];
  if (unread.length) marks.push(api.post(of(conversation.id, 'read'), { message_ids: unread.slice(-500) }));
  const mentioned = shown.notes.some(({ mentions }) => mentions.includes(myId()));
  if (conversation.unread || (mentioned && !looked.has(conversation.id))) {
    looked.add(conversation.id);
    marks.push(guessed(conversation.id, { unread: 0 }, () => api.post(of(conversation.id, 'seen'), { seq: lastSeq(shown) })));
  }
  await Promise.all(marks);
  if (mentioned) countSoon();
}

/** Conversations in whose notes this person is named, and which they have looked at since the last note came. */
const looked = new Set<string>();

effect(() => {
  const note = noteTold.value?.note;
  if (note) looked.delete(note.conversation_id);
});

// What belongs to the account.

export const team = signal<Member[]>([]);
export const canned = signal<CannedReply[]>([]);
export const assistants = signal<Assistant[]>([]);
export const channels = signal<Channel[]>([]);

async function load<T>(path: string, put: (value: T) => void): Promise<void> {
  const answer = await api.get<T>(path);
  if (answer.ok) put(answer.value);
}

const loadTeam = () => load<Member[]>('/api/team/', (value) => (team.value = value));
export const loadCanned = () => load<CannedReply[]>('/api/canned-replies/', (value) => (canned.value = value));
const loadAssistants = () => load<Assistant[]>('/api/assistants/', (value) => (assistants.value = value));
const loadChannels = () => load<Channel[]>('/api/channels/', (value) => (channels.value = value));

export const loadTags = () => api.get<{ tag: string; count: number }[]>('/api/inbox/tags/');

export function memberName(id: string | null): string | null {
  return team.value.find((member) => member.id === id)?.name ?? null;
}

/** A message with links that work. */
export async function freshMessage({ conversation_id, seq }: InboxMessage): Promise<InboxMessage | null> {
  const answer = await api.get<Timeline>(`/api/inbox/conversations/${conversation_id}/timeline`, { before: seq + 1, limit: 1 });
  const fresh = answer.ok ? answer.value.messages.find((message) => message.seq === seq) : undefined;
  if (!fresh) return null;
  change(conversation_id, (thread) => heard(thread, fresh) ?? thread);
  return fresh;
}
