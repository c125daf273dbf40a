import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import { Disconnected, Refused } from '../shared/errors.ts';
import type { Hub, Listener } from '../shared/hub.ts';
import type { Message } from '../shared/wire.ts';
import { openLink } from '../widget/link.ts';
import { openOutbox } from '../widget/outbox.ts';

/** Parlor as the panel sees it: a log of messages, a hub that can be cut, and REST that can be blocked. */
class Parlor {
  log: Message[] = [];
  hubOpen = true;
  restOpen = true;
  refuse: string | undefined;
  /** Stores the next message and loses the connection before it can say so. */
  loseNextAnswer = false;
  /** The hub cannot take this text and hangs up. */
  poison: string | undefined;
  calls: string[] = [];
  sent: any[] = [];
  /** The arguments and bodies of all calls. */
  said: unknown[] = [];
  disbelieved = 0;
  listener: Listener | undefined;

  store(id: string, text: string): Message {
    if (this.refuse) throw new Refused(this.refuse);
    const known = this.log.find((message) => message.clientMessageId === id);
    return known ?? this.say('visitor', text, id);
  }

  say(sender: Message['sender'], content: string, clientMessageId: string | null = null): Message {
    const seq = this.log.length + 1;
    const message: Message = { id: `m${seq}`, seq, sender, senderName: null, contentType: 'text', content, richMedia: null, sources: [], clientMessageId, readAt: null, createdAt: '2026-06-12T10:05:00Z' };
    this.log.push(message);
    this.listener?.event('Message', [message]);
    return message;
  }

  sync(last: number | null) {
    if (this.refuse) throw new Refused(this.refuse);
    const messages = this.log.filter(({ seq }) => seq > (last ?? 0));
    return { conversationId: this.log.length ? 'c' : null, status: 'open', messages, recovered: true, hasEarlier: false };
  }

  cut() {
    this.listener?.closed(true);
    this.listener = undefined;
  }

  connect = async (listener: Listener): Promise<Hub> => {
    this.calls.push('dial');
    if (!this.hubOpen) throw new Disconnected();
    let live = true;
    return {
      invoke: async (method, ...args) => {
        this.calls.push(method);
        this.said.push(args);
        if (!live) throw new Disconnected();
        if (method === 'Join') {
          const answer = this.sync(args[2] as number | null);
          this.listener = { ...listener, closed: (again) => ((live = false), listener.closed(again)) };
          return answer;
        }
        if (method === 'Typing' || method === 'MarkRead') return null;
        if (method === 'GetEarlier') return { messages: this.log.filter(({ seq }) => seq < (args[2] as number)), hasEarlier: false };
        if (args[3] === this.poison) {
          this.cut();
          throw new Disconnected();
        }
        const message = this.store(args[2] as string, args[3] as string);
        if (this.loseNextAnswer) {
          this.loseNextAnswer = false;
          this.cut();
          throw new Disconnected();
        }
        return message;
      },
      probe: () => {},
      close: () => {
        if (live) this.cut();
      },
    };
  };

  rest = {
    get: async () => ({}),
    post: async (path: string, body: any) => {
      this.calls.push(path);
      this.said.push(body);
      if (!this.restOpen) throw new Disconnected();
      if (path === 'sync') return this.sync(body.lastSeq ?? null);
      this.sent.push(body);
      this.store(body.clientMessageId, body.text);
      return {};
    },
  };

  open(t: TestContext, who: { proof?: string; name?: string } = {}) {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const outbox = openOutbox({}, 'p_');
    const link = openLink({ token: 't', sessionId: 's', connect: this.connect, rest: this.rest, outbox, changed: () => {}, unverified: () => this.disbelieved++, ...who });
    t.after(() => {
      link.stop();
      mock.timers.reset();
    });
    const write = (id: string, text = `text of ${id}`) => {
      outbox.add(id, text, Date.now());
      link.flush();
    };
    const shown = () => link.thread().messages.map(({ content }) => content);
    return { link, outbox, write, shown };
  }
}

/** Lets everything that waits for nothing but promises happen. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
const pass = async (milliseconds: number) => {
  mock.timers.tick(milliseconds);
  await settled();
};

test('a message is sent, shown and gone from the outbox', async (t) => {
  const parlor = new Parlor();
  const { link, outbox, write, shown } = parlor.open(t);
  write('a');
  await settled();
  parlor.say('assistant', 'hello');
  assert.deepEqual(shown(), ['text of a', 'hello']);
  assert.deepEqual(outbox.all(), []);
  assert.equal(link.phase(), 'online');
});

test('a message whose answer was lost is sent again under its id, and stored once', async (t) => {
  const parlor = new Parlor();
  const { outbox, write, shown } = parlor.open(t);
  await settled();
  parlor.loseNextAnswer = true;
  write('a');
  write('b');
  await settled();
  await pass(2_000);
  assert.deepEqual(shown(), ['text of a', 'text of b']);
  assert.deepEqual(parlor.log.map(({ clientMessageId }) => clientMessageId), ['a', 'b']);
  assert.deepEqual(outbox.all(), []);
});

test('what happened while away is there after the reconnect', async (t) => {
  const parlor = new Parlor();
  const { link, shown } = parlor.open(t);
  await settled();
  parlor.say('agent', 'one');
  parlor.cut();
  assert.equal(link.phase(), 'reconnecting');
  parlor.say('agent', 'two');
  await pass(2_000);
  assert.equal(link.phase(), 'online');
  assert.deepEqual(shown(), ['one', 'two']);
});

test('without a hub the panel asks by itself, sends by REST, and goes on trying the hub', async (t) => {
  const parlor = new Parlor();
  parlor.hubOpen = false;
  const { link, outbox, write, shown } = parlor.open(t);
  await settled();
  assert.equal(link.phase(), 'online');
  write('a');
  await settled();
  parlor.say('assistant', 'hello');
  await pass(30_000);
  assert.deepEqual(shown(), ['text of a', 'hello']);
  assert.deepEqual(outbox.all(), []);
  const dials = parlor.calls.filter((call) => call === 'dial').length;
  assert.ok(dials > 1, 'the hub was tried again');
  parlor.hubOpen = true;
  await pass(30_000);
  parlor.calls = [];
  await pass(60_000);
  assert.deepEqual(parlor.calls, [], 'a hub needs no asking');
});

test('asking slows down while nothing happens', async (t) => {
  const parlor = new Parlor();
  parlor.hubOpen = false;
  parlor.open(t);
  await settled();
  const rate = async () => {
    parlor.calls = [];
    for (let second = 0; second < 60; second++) await pass(1_000);
    return parlor.calls.filter((call) => call === 'sync').length;
  };
  const [first] = [await rate(), await rate(), await rate()];
  const later = await rate();
  assert.ok(later < first!, `${first} then ${later}`);
  assert.ok(later <= 8, `${later} in a minute`);
});

test('with nothing reachable messages wait, and go in their order when it is', async (t) => {
  const parlor = new Parlor();
  parlor.hubOpen = parlor.restOpen = false;
  const { link, outbox, write, shown } = parlor.open(t);
  await settled();
  write('a');
  write('b');
  await pass(60_000);
  assert.equal(link.phase(), 'reconnecting');
  assert.deepEqual(outbox.all().map(({ state }) => state), ['waiting', 'waiting']);
  parlor.hubOpen = parlor.restOpen = true;
  link.wake();
  await settled();
  assert.deepEqual(shown(), ['text of a', 'text of b']);
});

test('a refused message is kept with its reason and goes when the visitor says so', async (t) => {
  const parlor = new Parlor();
  const { link, outbox, write, shown } = parlor.open(t);
  await settled();
  parlor.refuse = 'Too many requests. Try again in 7 s.';
  write('a');
  await settled();
  const [draft] = outbox.all();
  assert.equal(draft!.state, 'failed');
  assert.equal((draft!.error as Refused).detail, parlor.refuse);
  parlor.refuse = undefined;
  write('b');
  await settled();
  outbox.set(draft!, 'waiting');
  link.flush();
  await settled();
  assert.deepEqual(shown(), ['text of b', 'text of a']);
});

test('a text too long for the hub goes by REST', async (t) => {
  const parlor = new Parlor();
  const { outbox, write, shown } = parlor.open(t);
  await settled();
  write('a', '😀'.repeat(10_000));
  write('b');
  await settled();
  assert.deepEqual(parlor.calls, ['dial', 'Join', 'messages', 'Send']);
  assert.deepEqual(shown(), ['😀'.repeat(10_000), 'text of b']);
  assert.deepEqual(outbox.all(), []);
});

test('a message that ends every connection does not do so for ever', async (t) => {
  const parlor = new Parlor();
  parlor.poison = 'poison';
  const { outbox, write, shown } = parlor.open(t);
  await settled();
  write('a', 'poison');
  write('b');
  for (let i = 0; i < 10; i++) await pass(30_000);
  assert.deepEqual(shown(), ['text of b']);
  assert.deepEqual(outbox.all().map(({ id, state }) => [id, state]), [['a', 'failed']]);
});

test('a channel that is switched off is said to be, and is not asked for every second', async (t) => {
  const parlor = new Parlor();
  parlor.refuse = 'Channel is disabled.';
  const { link } = parlor.open(t);
  await settled();
  assert.equal(link.phase(), 'unavailable');
  await pass(50_000);
  link.wake();
  await settled();
  assert.equal(parlor.calls.filter((call) => call === 'dial').length, 1);
  parlor.refuse = undefined;
  await pass(60_000);
  assert.equal(link.phase(), 'online');
});

test('an event that was lost is fetched when the next one shows the hole', async (t) => {
  const parlor = new Parlor();
  const { shown } = parlor.open(t);
  await settled();
  const ears = parlor.listener;
  parlor.listener = undefined;
  parlor.say('agent', 'lost');
  parlor.listener = ears;
  parlor.say('agent', 'heard');
  await settled();
  assert.deepEqual(shown(), ['lost', 'heard']);
});

test('a page that goes away is quiet, and one that comes back catches up', async (t) => {
  const parlor = new Parlor();
  const { link, shown } = parlor.open(t);
  await settled();
  link.stop();
  parlor.say('agent', 'meanwhile');
  parlor.calls = [];
  await pass(120_000);
  assert.deepEqual(parlor.calls, []);
  link.wake();
  await settled();
  assert.deepEqual(shown(), ['meanwhile']);
});

test('a file that was sent up goes over REST, whatever connection there is', async (t) => {
  const parlor = new Parlor();
  const { link, outbox } = parlor.open(t);
  await settled();
  const media = { contentType: 'image', richMedia: { upload_id: 'u' } };
  const shown = { ...media, richMedia: { ...media.richMedia, preview_url: 'p' } };
  outbox.add('a', '', 1, shown);
  link.flush();
  await settled();
  const [{ clientMessageId, contentType, richMedia, text }] = parlor.sent;
  assert.deepEqual({ clientMessageId, contentType, richMedia, text }, { clientMessageId: 'a', text: '', ...media });
  assert.equal(parlor.log.length, 1);
  assert.deepEqual(outbox.all(), []);
});

test('who types is told at most every two seconds, and not before there is somebody to tell', async (t) => {
  const parlor = new Parlor();
  const { link, write } = parlor.open(t);
  await settled();
  const told = () => parlor.calls.filter((call) => call === 'Typing').length;
  link.type();
  assert.equal(told(), 0);
  write('a');
  await settled();
  await pass(2_000);
  link.type();
  link.type();
  assert.equal(told(), 1);
  await pass(2_000);
  link.type();
  assert.equal(told(), 2);
});

test('somebody who types is awaited until the message, the end of it, or for a while', async (t) => {
  const parlor = new Parlor();
  const { link } = parlor.open(t);
  await settled();
  const types = (sender: string, typing: boolean) => parlor.listener!.event('Typing', [{ sender, typing }]);
  types('visitor', true);
  assert.equal(link.awaited(), false, 'the own typing in another tab');
  types('agent', true);
  assert.equal(link.awaited(), true);
  parlor.say('agent', 'here');
  assert.equal(link.awaited(), false);
  types('agent', true);
  types('agent', false);
  assert.equal(link.awaited(), false);
  types('assistant', true);
  await pass(10_000);
  assert.equal(link.awaited(), false);
});

test('what was read is marked, and stays marked', async (t) => {
  const parlor = new Parlor();
  const { link, write } = parlor.open(t);
  await settled();
  write('a');
  await settled();
  const read = () => link.thread().messages.map(({ readAt }) => readAt);
  parlor.listener!.event('Read', [{ reader: 'agent', messageIds: ['m1', 'unknown'], at: 'then' }]);
  assert.deepEqual(read(), ['then']);
  parlor.listener!.event('Read', [{ reader: 'agent', messageIds: ['m1'], at: 'later' }]);
  assert.deepEqual(read(), ['then']);
  await link.markRead(['m1']);
  assert.equal(parlor.calls.at(-1), 'MarkRead');
  parlor.cut();
  await assert.rejects(link.markRead(['m1']), Disconnected);
});

test('a message is fetched anew for links that work', async (t) => {
  const parlor = new Parlor();
  const { link } = parlor.open(t);
  await settled();
  parlor.say('agent', 'one');
  parlor.say('agent', 'two');
  assert.equal((await link.refetch(1))?.content, 'one');
  assert.equal(await link.refetch(7), undefined);
});

test('a rating is known from an event or the next answer, and forgotten with the next message', async (t) => {
  const parlor = new Parlor();
  const { link, write } = parlor.open(t);
  write('a');
  await settled();
  parlor.listener!.event('Status', [{ status: 'resolved' }]);
  assert.deepEqual([link.thread().status, link.thread().rating], ['resolved', undefined]);
  parlor.listener!.event('Status', [{ status: 'resolved', rating: 4 }]);
  assert.equal(link.thread().rating, 4);
  write('b');
  await settled();
  parlor.listener!.event('Status', [{ status: 'open' }]);
  assert.deepEqual([link.thread().status, link.thread().rating], ['open', undefined]);
});

test('who may not write any more hears of it, and that it is over', async (t) => {
  const parlor = new Parlor();
  const { link } = parlor.open(t);
  await settled();
  parlor.listener!.event('Status', [{ status: 'open', unavailable: true }]);
  assert.equal(link.thread().unavailable, true);
  parlor.listener!.event('Status', [{ status: 'open' }]);
  assert.equal(link.thread().unavailable, undefined);
});

test('a proof goes with every call', async (t) => {
  const parlor = new Parlor();
  const { write } = parlor.open(t, { proof: 'abc', name: 'Ada' });
  await settled();
  write('one');
  await settled();
  parlor.hubOpen = false;
  parlor.cut();
  await pass(40_000);
  write('two');
  await settled();
  assert.deepEqual(parlor.said[0], ['t', 's', null, 'abc']);
  assert.deepEqual(parlor.said[1], ['t', 's', 'one', 'text of one', 'Ada', 'abc']);
  const bodies = parlor.said.slice(2) as any[];
  assert.ok(bodies.length >= 2);
  for (const body of bodies) assert.equal(body.identityHash, 'abc');
  assert.equal(bodies.find(({ text }) => text).contactDisplayName, 'Ada');
});

test('an id that is not believed makes the chat unavailable, and the page hears of it', async (t) => {
  const parlor = new Parlor();
  parlor.refuse = "The visitor's identity is not verified.";
  const { link } = parlor.open(t, { proof: 'a.b.c' });
  await settled();
  assert.equal(link.phase(), 'unavailable');
  assert.equal(parlor.disbelieved, 1);
  assert.deepEqual(parlor.said, [['t', 's', null, 'a.b.c']]);
  await pass(30_000);
  assert.equal(parlor.said.length, 1, 'asking again soon is of no use');
});
