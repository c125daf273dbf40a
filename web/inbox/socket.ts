// The page's own ear: one Socket.IO connection, as the agent whose cookie comes with it.
//
// The client's recovery gives back what a short gap has swallowed. After a longer one the server has forgotten us: whoever keeps
// something of what is heard asks for what has changed, when `resumed` says so.

import { signal } from '@preact/signals';
import { io, type Socket } from 'socket.io-client';
import { loadMe } from './api.ts';

/** How long an answer may take before it counts as lost. */
const PATIENCE = 10_000;

/** How long to wait before connecting anew when the server did not let us in. */
const ANEW = 3_000;

export const online = signal(true);

/** Who of the team is online. */
export const present = signal<ReadonlySet<string>>(new Set());

interface Joined {
  agent_id: string;
  organization_id: string;
  online: string[];
}

let socket: Socket | undefined;
const resumed = new Set<() => void>();
const ears: [string, (said: any) => void][] = [];

/** Hears an event of the server, for as long as the page is there. */
export function hear<T>(event: string, heard: (said: T) => void): void {
  ears.push([event, heard]);
  socket?.on(event, heard);
}

/** Told after every connection that has not been recovered, once the server tells us everything again. */
export function whenResumed(run: () => void): () => void {
  resumed.add(run);
  return () => resumed.delete(run);
}

/** Says something and waits for the acknowledgement; null when none came or it was refused. */
export async function say<T>(event: string, said: unknown): Promise<T | null> {
  if (!socket?.connected) return null;
  try {
    const answer = (await socket.timeout(PATIENCE).emitWithAck(event, said)) as T & { error?: string };
    return answer?.error === undefined ? answer : null;
  } catch {
    return null;
  }
}

/** Says something that may be lost. */
export function mention(event: string, said: unknown): void {
  if (socket?.connected) socket.emit(event, said);
}

export function openSocket(): void {
  socket = io({ transports: ['websocket', 'polling'], tryAllTransports: true, reconnectionDelay: 500, reconnectionDelayMax: 10_000 });
  for (const [event, heard] of ears) socket.on(event, heard);
  socket.on('connect', () => void joined());
  socket.on('disconnect', (reason) => {
    online.value = false;
    // The server has ended it, as it does with a sign-in that is over: the answer to who we are leads to the sign-in then.
    if (reason === 'io server disconnect') void loadMe().then((answer) => answer.ok && socket?.connect());
  });
  socket.on('connect_error', () => {
    online.value = false;
  });
  hear<{ agent_id: string; status: string }>('inbox_presence', ({ agent_id, status }) => {
    const now = new Set(present.value);
    if (status === 'online') now.add(agent_id);
    else now.delete(agent_id);
    present.value = now;
  });
}

async function joined(): Promise<void> {
  if (socket!.recovered) {
    online.value = true;
    return;
  }
  const answer = await say<Joined>('join_inbox', {});
  if (!answer) {
    if (socket!.connected) setTimeout(() => socket!.disconnect().connect(), ANEW);
    return;
  }
  present.value = new Set(answer.online);
  online.value = true;
  for (const run of resumed) run();
}
