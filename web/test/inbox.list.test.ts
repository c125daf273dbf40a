import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Known } from '../inbox/state/known.ts';
import { asking, compareTimes, emptyList, EVERYTHING, matches, paged, told, type Filter, type List } from '../inbox/state/list.ts';
import type { InboxConversation } from '../inbox/wire.ts';
import { forSeeds } from './random.ts';

const ME = 'me';
const PAGE = 5;

/** Times as the server writes them: with as many digits behind the second as they need. */
function time(tick: number): string {
  const second = String(Math.floor(tick / 4)).padStart(2, '0');
  return `2026-06-12T10:${second}${['', '.25', '.5', '.75'][tick % 4]}Z`;
}

function conversation(id: number, tick: number): InboxConversation {
  return {
    id: `c${String(id).padStart(3, '0')}`,
    version: 1,
    status: 'open',
    snoozed_until: null,
    channel_id: 'web',
    contact: { id: `v${id}`, display_name: null, email: null, phone: null, verified: false, blocked: false },
    session_id: 's',
    assignee_id: null,
    assigned_at: null,
    assistant_id: null,
    answering: 'assistant',
    tags: [],
    unread: 0,
    last_seq: 1,
    last_message: null,
    last_message_at: time(tick),
    created_at: time(tick),
    updated_at: time(tick),
  };
}

/** A server that keeps the order and the pages of the contract. */
class Server {
  all = new Map<string, InboxConversation>();
  tick = 0;

  begin(): InboxConversation {
    const begun = conversation(this.all.size, this.tick++);
    this.all.set(begun.id, begun);
    return begun;
  }

  change(id: string, change: Partial<InboxConversation>): InboxConversation {
    const before = this.all.get(id)!;
    const after = { ...before, ...change, version: before.version + 1, updated_at: time(this.tick) };
    this.all.set(id, after);
    return after;
  }

  write(id: string): InboxConversation {
    const { last_seq, unread } = this.all.get(id)!;
    return this.change(id, { last_seq: last_seq + 1, unread: unread + 1, last_message_at: time(this.tick++), status: 'open' });
  }

  list(filter: Filter): InboxConversation[] {
    const rows = [...this.all.values()].filter((one) => matches(filter, one, ME));
    return rows.sort((a, b) => compareTimes(b.last_message_at, a.last_message_at) || (a.id < b.id ? 1 : -1));
  }

  page(filter: Filter, after?: string): InboxConversation[] {
    const last = after ? this.all.get(after)! : null;
    const follows = ({ last_message_at, id }: InboxConversation) =>
      !last || compareTimes(last_message_at, last.last_message_at) < 0 || (last_message_at === last.last_message_at && id < last.id);
    return this.list(filter).filter(follows).slice(0, PAGE);
  }
}

const FILTERS: Filter[] = [
  EVERYTHING,
  { ...EVERYTHING, view: 'mine' },
  { ...EVERYTHING, view: 'unassigned' },
  { ...EVERYTHING, status: 'resolved' },
  { ...EVERYTHING, status: 'any', tag: 'vip' },
];

test('whatever is told late, twice or in another order, the list is the one that a reload shows', () => {
  forSeeds(1500, (random) => {
    const server = new Server();
    const filter = FILTERS[random(FILTERS.length)]!;
    const known = new Known();
    let list: List = emptyList(filter);
    let underway: InboxConversation[] = [];
    for (let i = random(14); i >= 0; i--) server.begin();
    const hear = (event: InboxConversation) => {
      const now = known.tell(event);
      if (now) list = told(list, now, ME);
    };
    const load = () => {
      const page = server.page(filter, list.rows.at(-1)?.id);
      list = asking(list);
      // The answer is on its way while more is told.
      return () => {
        list = paged(list, page, PAGE, ME, (row) => known.newest(row));
      };
    };
    let arriving: (() => void) | null = load();
    for (let step = random(60); step > 0; step--) {
      const ids = [...server.all.keys()];
      const id = ids[random(ids.length)]!;
      const what = random(10);
      let event: InboxConversation | null = null;
      if (what === 0) event = server.begin();
      else if (what < 4) event = server.write(id);
      else if (what === 4) event = server.change(id, { assignee_id: [null, ME, 'other'][random(3)]! });
      else if (what === 5) event = server.change(id, { status: (['open', 'resolved', 'snoozed'] as const)[random(3)]! });
      else if (what === 6) event = server.change(id, { tags: random(2) ? ['vip'] : [] });
      else if (what < 9 && underway.length) hear(underway.splice(random(underway.length), 1)[0]!);
      else if (arriving) {
        arriving();
        arriving = null;
      } else if (!list.complete) arriving = load();
      for (let copies = random(2); event && copies >= 0; copies--) underway.push(event);
      const rows = list.rows.map(({ id }) => id);
      assert.equal(new Set(rows).size, rows.length, 'nothing is there twice');
    }
    // In the end everything has been told, and what was on its way has come.
    for (const event of underway) hear(event);
    underway = [];
    arriving?.();
    for (let i = 0; !list.complete && i < 100; i++) load()();
    assert.deepEqual(list.rows, server.list(filter));
  });
});

test('times with more and fewer digits are in the order of time', () => {
  const times = ['2026-06-12T10:00:00Z', '2026-06-12T10:00:00.000001Z', '2026-06-12T10:00:00.1Z', '2026-06-12T10:00:00.12Z', '2026-06-12T10:00:01Z'];
  assert.deepEqual([...times].reverse().sort(compareTimes), times);
});

test('what is searched for stays as it was found, and tells what has become of it', () => {
  const server = new Server();
  const rows = [server.begin(), server.begin()];
  const filter: Filter = { ...EVERYTHING, status: 'any', search: 'plant' };
  let list = paged(emptyList(filter), [...rows].reverse(), PAGE, ME, (row) => row);
  list = told(list, server.write(rows[0]!.id), ME);
  list = told(list, server.begin(), ME);
  assert.deepEqual(
    list.rows.map(({ id, unread }) => [id, unread]),
    [
      [rows[0]!.id, 1],
      [rows[1]!.id, 0],
    ],
  );
});

test('what this person does shows at once, and goes back when it is refused', () => {
  const known = new Known();
  const begun = conversation(1, 1);
  known.tell(begun);
  const guess = known.guess(begun.id, { assignee_id: ME });
  assert.equal(known.get(begun.id)!.assignee_id, ME);
  // Something else that is told meanwhile does not hide it.
  known.tell({ ...begun, version: 2, tags: ['vip'] });
  assert.deepEqual([known.get(begun.id)!.assignee_id, known.get(begun.id)!.tags], [ME, ['vip']]);
  guess.refused();
  assert.equal(known.get(begun.id)!.assignee_id, null);
});

test('what the server has agreed to stays until it is told, and then it is what was told', () => {
  const known = new Known();
  const begun = conversation(1, 1);
  known.tell(begun);
  known.guess(begun.id, { assignee_id: ME }).agreed();
  assert.equal(known.get(begun.id)!.assignee_id, ME);
  assert.equal(known.isGuessed(begun.id), true);
  known.tell({ ...begun, version: 2, assignee_id: 'other' });
  assert.equal(known.get(begun.id)!.assignee_id, 'other');
  assert.equal(known.isGuessed(begun.id), false);
});

test('an older version changes nothing', () => {
  const known = new Known();
  const begun = conversation(1, 1);
  known.tell({ ...begun, version: 3, unread: 2 });
  assert.equal(known.tell({ ...begun, version: 2, unread: 9 }), null);
  assert.equal(known.get(begun.id)!.unread, 2);
});
