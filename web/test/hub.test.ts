import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Disconnected, Refused } from '../shared/errors.ts';
import { connector as realConnector, type Hub, type Listener } from '../shared/hub.ts';

const URL = 'http://parlor.example/hubs/widget-chat';

/** A server at the other end of stand-ins for the browser's WebSocket, EventSource and fetch. */
class Network {
  log: string[] = [];
  blocked = new Set<string>();
  live: { say(text: string): void; drop(): void } | undefined;
  polls: ((text: string | null) => void)[] = [];
  waiting: string[] = [];
  heard: any[] = [];
  shaken = false;

  hear(text: string) {
    for (const part of text.split('\x1e').slice(0, -1)) {
      const message = JSON.parse(part);
      this.heard.push(message);
      if (!this.shaken) {
        assert.deepEqual(message, { protocol: 'json', version: 1 });
        this.shaken = true;
        this.live!.say('{}\x1e');
      }
    }
  }

  push(message: object) {
    this.live!.say(JSON.stringify(message) + '\x1e');
  }

  install() {
    const net = this;
    class FakeWebSocket {
      onopen() {}
      onmessage(_: { data: string }) {}
      onclose() {}
      constructor() {
        net.log.push('ws');
        queueMicrotask(() => {
          if (net.blocked.has('ws')) return this.onclose();
          net.live = { say: (data) => this.onmessage({ data }), drop: () => this.onclose() };
          this.onopen();
        });
      }
      send(text: string) {
        net.hear(text);
      }
      close() {
        net.log.push('ws closed');
      }
    }
    class FakeEventSource {
      onopen() {}
      onmessage(_: { data: string }) {}
      onerror() {}
      constructor() {
        net.log.push('sse');
        queueMicrotask(() => {
          if (net.blocked.has('sse')) return this.onerror();
          net.live = { say: (data) => this.onmessage({ data }), drop: () => this.onerror() };
          this.onopen();
        });
      }
      close() {
        net.log.push('sse closed');
      }
    }
    const fetch = async (url: string, init: RequestInit = {}) => {
      if (net.blocked.has('all')) throw new TypeError('Failed to fetch');
      if (url.includes('/negotiate')) {
        net.shaken = false;
        const availableTransports = ['WebSockets', 'ServerSentEvents', 'LongPolling'].map((transport) => ({ transport }));
        return new Response(JSON.stringify({ connectionToken: 'token', availableTransports }));
      }
      assert.equal(url, `${URL}?id=token`);
      if (init.method === 'POST') {
        net.hear(String(init.body));
        return new Response();
      }
      if (init.method === 'DELETE') {
        net.log.push('lp closed');
        return new Response(null, { status: 202 });
      }
      if (net.blocked.has('lp')) return new Response(null, { status: 404 });
      if (!net.live) {
        net.log.push('lp');
        const flush = () => {
          if (net.polls.length && net.waiting.length) net.polls.shift()!(net.waiting.splice(0).join(''));
        };
        net.live = {
          say: (text) => {
            net.waiting.push(text);
            flush();
          },
          drop: () => net.polls.shift()?.(null),
        };
        return new Response('');
      }
      if (net.waiting.length) return new Response(net.waiting.splice(0).join(''));
      const text = await new Promise<string | null>((resolve) => net.polls.push(resolve));
      return text === null ? new Response(null, { status: 204 }) : new Response(text);
    };
    Object.assign(globalThis, { WebSocket: FakeWebSocket, EventSource: FakeEventSource, fetch });
  }
}

let net: Network;
let told: unknown[];
const listener: Listener = {
  event: (name, args) => told.push([name, ...args]),
  closed: (again) => told.push(again ? 'closed, come back' : 'closed'),
};
const hubs: Hub[] = [];
/** A connector whose connections do not outlive their test. */
const connector = (url: string) => {
  const connect = realConnector(url);
  return async (listener: Listener) => {
    const hub = await connect(listener);
    hubs.push(hub);
    return hub;
  };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));
const original = { ...globalThis, fetch: globalThis.fetch };

beforeEach(() => {
  net = new Network();
  told = [];
  net.install();
});
afterEach(() => {
  for (const hub of hubs.splice(0)) hub.close();
  mock.timers.reset();
  globalThis.fetch = original.fetch;
});

test('the transports are tried in their order, and what got through is remembered', async () => {
  const connect = connector(URL);
  net.blocked.add('ws');
  (await connect(listener)).close();
  assert.deepEqual(net.log, ['ws', 'ws closed', 'sse', 'sse closed']);
  net.log = [];
  (await connect(listener)).close();
  assert.deepEqual(net.log, ['sse', 'sse closed']);
  net.blocked.add('sse').add('lp');
  await assert.rejects(connect(listener), Disconnected);
  net.blocked.clear();
  net.live = undefined;
  net.log = [];
  (await connect(listener)).close();
  assert.deepEqual(net.log, ['ws', 'ws closed']);
});

test('long polling carries a conversation too', async () => {
  net.blocked.add('ws').add('sse');
  const hub = await connector(URL)(listener);
  net.push({ type: 1, target: 'Message', arguments: [{ seq: 1 }] });
  const result = hub.invoke('Join', 'a', null);
  while (net.heard.length < 2) await turn();
  net.push({ type: 3, invocationId: net.heard[1].invocationId, result: 'joined' });
  assert.equal(await result, 'joined');
  assert.deepEqual(told, [['Message', { seq: 1 }]]);
  net.live!.drop();
  while (told.length < 2) await turn();
  assert.equal(told[1], 'closed, come back');
});

test('a call is answered by its own completion', async () => {
  const hub = await connector(URL)(listener);
  const [one, two, three] = [hub.invoke('A', 1), hub.invoke('B'), hub.invoke('C')];
  const [a, b, c] = net.heard.slice(1);
  assert.deepEqual([a.target, a.arguments, b.target], ['A', [1], 'B']);
  net.push({ type: 3, invocationId: b.invocationId, result: null });
  net.push({ type: 3, invocationId: c.invocationId, error: 'An unexpected error occurred.' });
  net.push({ type: 3, invocationId: a.invocationId, error: "An unexpected error occurred invoking 'A' on the server. HubException: Too many requests. Try again in 7 s." });
  assert.equal(await two, null);
  await assert.rejects(one, (error) => error instanceof Refused && error.detail === 'Too many requests. Try again in 7 s.');
  await assert.rejects(three, (error) => error instanceof Refused && error.detail === undefined);
});

test('a lost connection ends what is under way, and is told once', async () => {
  const hub = await connector(URL)(listener);
  const call = hub.invoke('Send');
  net.live!.drop();
  net.live!.drop();
  await assert.rejects(call, Disconnected);
  await assert.rejects(hub.invoke('Send'), Disconnected);
  assert.deepEqual(told, ['closed, come back']);
});

test('the server says whether it expects us back', async () => {
  await connector(URL)(listener);
  net.push({ type: 7, allowReconnect: true });
  await connector(URL)(listener);
  net.push({ type: 7, error: 'Connection closed with an error.' });
  await connector(URL)(listener);
  net.live!.say('garbage\x1e');
  assert.deepEqual(told, ['closed, come back', 'closed', 'closed, come back']);
});

test('a server that refuses the handshake is no connection', async () => {
  net.blocked.add('sse').add('lp');
  net.hear = function () {
    this.live!.say('{"error":"The protocol is not supported."}\x1e');
  };
  await assert.rejects(connector(URL)(listener), Disconnected);
});

test('no server, no connection', async () => {
  net.blocked.add('all');
  await assert.rejects(connector(URL)(listener), Disconnected);
});

test('silence ends a connection, and pings keep ours from seeming silent', async () => {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'] });
  const hub = await connector(URL)(listener);
  const pings = () => net.heard.filter((message) => message.type === 6).length;
  const pass = (seconds: number) => {
    for (; seconds > 0; seconds -= 5) mock.timers.tick(5_000);
  };
  pass(15);
  assert.equal(pings(), 1);
  net.push({ type: 6 });
  pass(30);
  assert.equal(pings(), 3);
  assert.deepEqual(told, []);
  hub.probe();
  assert.equal(pings(), 4);
  pass(5);
  assert.deepEqual(told, ['closed, come back']);
});

test('a tab that slept finds its connection dead when it looks', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const hub = await connector(URL)(listener);
  mock.timers.setTime(120_000);
  hub.probe();
  assert.deepEqual(told, ['closed, come back']);
});
