// A client of SignalR hubs: JSON protocol over WebSockets, event stream or long polling, whichever gets through.
// One `Hub` is one connection; whoever holds it decides when to make the next.

import { Disconnected, Refused } from './errors.ts';
import { frame, unframer } from './frames.ts';

const PING_EVERY = 15_000;
const SILENCE_LIMIT = 30_000;
const CONNECT_LIMIT = 10_000;
const TICK = 5_000;

const INVOCATION = 1;
const COMPLETION = 3;
const PING = 6;
const CLOSE = 7;

export interface Hub {
  invoke(method: string, ...args: unknown[]): Promise<any>;
  /** Looks whether the connection is still there, which a tab that slept does not notice by itself. */
  probe(): void;
  close(): void;
}

export interface Listener {
  event(name: string, args: any[]): void;
  /** `again`: the server expects us back. */
  closed(again: boolean): void;
}

export interface Wire {
  send(text: string): void;
  close(): void;
}

export interface Ears {
  open(): void;
  text(piece: string): void;
  closed(): void;
}

export type Transport = (url: string, ears: Ears) => Wire;

const webSockets: Transport = (url, ears) => {
  const socket = new WebSocket(url.replace(/^http/, 'ws'));
  socket.onopen = ears.open;
  socket.onmessage = (event) => ears.text(event.data);
  socket.onclose = ears.closed;
  return { send: (text) => socket.send(text), close: () => socket.close() };
};

const TRANSPORTS: [name: string, load: () => Transport | Promise<Transport>, pings: boolean][] = [
  ['WebSockets', () => webSockets, true],
  ['ServerSentEvents', async () => (await import('./fallbacks.ts')).serverSentEvents, true],
  ['LongPolling', async () => (await import('./fallbacks.ts')).longPolling, false],
];

/** Makes connections to one hub, and remembers which transports the network lets through. */
export function connector(url: string): (listener: Listener) => Promise<Hub> {
  let first = 0;
  return async (listener) => {
    for (let i = first; i < TRANSPORTS.length; i++) {
      const [name, load, pings] = TRANSPORTS[i]!;
      const { connectionToken, availableTransports } = await negotiate(url);
      if (!availableTransports.some((offered: any) => offered.transport === name)) continue;
      try {
        const hub = await attach(await load(), pings, `${url}?id=${connectionToken}`, listener);
        first = i;
        return hub;
      } catch {
        // This transport does not get through; the next one may.
      }
    }
    first = 0;
    throw new Disconnected();
  };
}

async function negotiate(url: string): Promise<any> {
  try {
    const signal = AbortSignal.timeout(CONNECT_LIMIT);
    const answer = await fetch(`${url}/negotiate?negotiateVersion=1`, { method: 'POST', signal });
    const body = await answer.json();
    if (body.connectionToken) return body;
  } catch {
    // Whatever went wrong, there is no connection.
  }
  throw new Disconnected();
}

function attach(start: Transport, pings: boolean, url: string, listener: Listener): Promise<Hub> {
  return new Promise((resolve, reject) => {
    const calls = new Map<string, { resolve(value: unknown): void; reject(error: Error): void }>();
    const read = unframer();
    let wire: Wire | undefined;
    let ready = false;
    let over = false;
    let called = 0;
    let heard = Date.now();
    let spoke = heard;

    const end = (again: boolean) => {
      if (over) return;
      over = true;
      clearTimeout(patience);
      clearInterval(ticking);
      wire?.close();
      for (const call of calls.values()) call.reject(new Disconnected());
      if (ready) listener.closed(again);
      else reject(new Disconnected());
    };
    const lost = () => end(true);
    const say = (message: object) => {
      spoke = Date.now();
      wire?.send(frame(message));
    };
    const look = (pingAfter: number) => {
      if (over || !ready || !pings) return;
      if (Date.now() - heard > SILENCE_LIMIT) lost();
      else if (Date.now() - spoke >= pingAfter) say({ type: PING });
    };
    const patience = setTimeout(lost, CONNECT_LIMIT);
    const ticking = setInterval(() => look(PING_EVERY), TICK);

    const hub: Hub = {
      invoke: (target, ...args) =>
        new Promise((resolve, reject) => {
          if (over) return reject(new Disconnected());
          const invocationId = String(++called);
          calls.set(invocationId, { resolve, reject });
          say({ type: INVOCATION, invocationId, target, arguments: args });
        }),
      probe: () => look(0),
      close: () => end(false),
    };

    const hear = (message: any) => {
      if (over) return;
      if (!ready) {
        if (message.error) return lost();
        ready = true;
        clearTimeout(patience);
        return resolve(hub);
      }
      if (message.type === INVOCATION) {
        listener.event(message.target, message.arguments);
      } else if (message.type === COMPLETION) {
        const call = calls.get(message.invocationId);
        calls.delete(message.invocationId);
        if (message.error === undefined) call?.resolve(message.result);
        else call?.reject(new Refused(/HubException: (.*)/s.exec(message.error)?.[1]));
      } else if (message.type === CLOSE) {
        end(message.allowReconnect === true);
      }
    };
    const ears: Ears = {
      open: () => say({ protocol: 'json', version: 1 }),
      text: (piece) => {
        heard = Date.now();
        let messages: unknown[];
        try {
          messages = read(piece);
        } catch {
          return lost();
        }
        messages.forEach(hear);
      },
      closed: lost,
    };
    try {
      wire = start(url, ears);
    } catch {
      lost();
    }
  });
}
