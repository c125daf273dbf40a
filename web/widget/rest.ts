import { Disconnected, Refused } from '../shared/errors.ts';

const LIMIT = 30_000;

export interface Rest {
  get(path: string): Promise<any>;
  post(path: string, body: object): Promise<any>;
}

/** JSON requests under one address. What does not arrive is `Disconnected`; what is turned down is `Refused`. */
export function rest(base: string): Rest {
  const ask = async (path: string, init?: RequestInit) => {
    const answer = await fetch(base + path, { ...init, signal: AbortSignal.timeout(LIMIT) }).catch(() => null);
    const body = await answer?.json().catch(() => null);
    if (answer && !answer.ok) throw new Refused(body?.detail);
    if (!body && answer?.status !== 204) throw new Disconnected();
    return body;
  };
  return {
    get: (path) => ask(path),
    post: (path, body) =>
      ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  };
}
