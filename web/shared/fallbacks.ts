// The transports for networks that let no WebSocket through. Few visitors need them, so they come when they are needed.

import type { Ears, Transport, Wire } from './hub.ts';

const POLL_LIMIT = 100_000;

export const serverSentEvents: Transport = (url, ears) => {
  const source = new EventSource(url);
  source.onopen = ears.open;
  source.onmessage = (event) => ears.text(event.data);
  source.onerror = ears.closed;
  return { send: posts(url, ears), close: () => source.close() };
};

export const longPolling: Transport = (url, ears) => {
  const poll = async () => {
    for (let first = true; ; first = false) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(POLL_LIMIT) });
      if (answer.status !== 200) return;
      const piece = await answer.text();
      if (first) ears.open();
      if (piece) ears.text(piece);
    }
  };
  poll().then(ears.closed, ears.closed);
  return {
    send: posts(url, ears),
    // The server answers the waiting poll when it is told that the connection is over.
    close: () => void fetch(url, { method: 'DELETE', keepalive: true }).catch(() => {}),
  };
};

/** Sends one after the other, since two requests at once may overtake each other. */
function posts(url: string, ears: Ears): Wire['send'] {
  let last: Promise<unknown> = Promise.resolve();
  return (text) => {
    last = last
      .then(() => fetch(url, { method: 'POST', body: text }))
      .then((answer) => answer.ok || ears.closed(), ears.closed);
  };
}
