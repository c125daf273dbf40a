// Keeps the panel in touch with its conversation: over the hub, and by asking again and again where no hub gets through.

import { channelIsGone, Disconnected, Refused, secondsToWait, unverified } from '../shared/errors.ts';
import type { Hub, Listener } from '../shared/hub.ts';
import type { EarlierAnswer, Message, SyncAnswer } from '../shared/wire.ts';
import type { Outbox } from './outbox.ts';
import type { Rest } from './rest.ts';
import { extended, hasGap, heard, lastSeq, marked, NOTHING, synced, type Thread } from './thread.ts';

const REDIAL_FIRST = 1_000;
const REDIAL_MOST = 30_000;
const POLL_FIRST = 1_500;
const POLL_MOST = 20_000;
const GONE_FOR = 60_000;
/** The hub takes messages of 32 KiB; a longer text goes by REST. */
const HUB_TEXT = 30_000;
/** The server forgets who types after six seconds, so it is told at most this often. */
const TYPING_EVERY = 2_000;
/** Somebody whose silence got lost. */
const TYPING_MOST = 10_000;
/** The most that the server takes at once. */
const MARK_MOST = 500;
/** After so many connections were lost over one message, it is rather the message. */
const MOST_LOST = 5;

/** `unavailable`: the channel does not exist or is switched off. */
export type Phase = 'connecting' | 'online' | 'reconnecting' | 'unavailable';

export interface Link {
  thread(): Thread;
  phase(): Phase;
  /** Sends what waits in the outbox. */
  flush(): void;
  loadEarlier(): Promise<void>;
  /** Whether somebody of the other side is writing. */
  awaited(): boolean;
  /** The visitor is writing. */
  type(): void;
  /** The visitor has seen these messages. Resolves once the server knows. */
  markRead(ids: string[]): Promise<void>;
  /** Tells the server something in the visitor's name. */
  post(path: string, body: object): Promise<any>;
  /** A message as it is now, with links that work. */
  refetch(seq: number): Promise<Message | undefined>;
  /** The network or the page has come back: find out at once how things stand. */
  wake(): void;
  /** The network has gone: what hangs on it is dead, whether it knows or not. */
  sleep(): void;
  stop(): void;
}

export interface Options {
  token: string;
  sessionId: string;
  /** What proves the id: a hash, or a JWT. */
  proof?: string | undefined;
  /** What the visitor is called. */
  name?: string | undefined;
  connect(listener: Listener): Promise<Hub>;
  rest: Rest;
  outbox: Outbox;
  changed(): void;
  /** The id is not believed, or not any more. */
  unverified?(): void;
}

export function openLink({ token, sessionId, proof, name, connect, rest, outbox, changed, unverified: disbelieved }: Options): Link {
  const proved = proof ? [proof] : [];
  const visitor = { sessionId, ...(proof && { [proof.includes('.') ? 'identityToken' : 'identityHash']: proof }) };
  let thread = NOTHING;
  let phase: Phase = 'connecting';
  let hub: Hub | null = null;
  let stopped = false;
  let dialling = false;
  let polling = false;
  let flushing = false;
  let catchingUp = false;
  let failures = 0;
  let pollAfter = POLL_FIRST;
  let quietUntil = 0;
  let typedAt = 0;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let typist = '';
  let redial: ReturnType<typeof setTimeout> | undefined;
  let repoll: ReturnType<typeof setTimeout> | undefined;

  const enter = (next: Phase) => {
    phase = next;
    changed();
  };

  const settle = (messages: Message[]) => {
    for (const { clientMessageId } of messages) if (clientMessageId) outbox.drop(clientMessageId);
  };

  const hearTyping = (sender: string) => {
    clearTimeout(silence);
    typist = sender;
    if (sender) silence = setTimeout(() => hearTyping(''), TYPING_MOST);
    changed();
  };

  const receive = (message: Message) => {
    thread = heard(thread, message);
    if (message.sender === typist) hearTyping('');
    settle([message]);
    changed();
  };

  /** Asks what came since; once more from the start where the answer does not fit what is held. */
  const sync = async (ask: (last: number | null) => Promise<SyncAnswer>) => {
    do {
      const asked = lastSeq(thread);
      const answer = await ask(asked);
      thread = synced(thread, answer, asked);
      settle(answer.messages);
    } while (!thread.known);
    changed();
  };
  const join = (by: Hub) => sync((last) => by.invoke('Join', token, sessionId, last, ...proved));

  const catchUp = async (by: Hub) => {
    if (catchingUp) return;
    catchingUp = true;
    await join(by).catch(() => by === hub && by.close());
    catchingUp = false;
  };

  const dial = async () => {
    clearTimeout(redial);
    if (dialling || hub || stopped) return;
    const quiet = quietUntil - Date.now();
    if (quiet > 0) {
      redial = setTimeout(dial, quiet);
      return;
    }
    dialling = true;
    let fresh: Hub | undefined;
    try {
      fresh = await connect({
        event: (name, [payload]) => {
          if (name === 'Message') {
            receive(payload);
            if (fresh && fresh === hub && hasGap(thread)) catchUp(fresh);
          } else if (name === 'Status') {
            thread = { ...thread, rating: undefined, unavailable: undefined, ...payload };
            changed();
          } else if (name === 'Read') {
            thread = marked(thread, payload.messageIds, payload.at);
            changed();
          } else if (name === 'Typing' && payload.sender !== 'visitor') {
            hearTyping(payload.typing ? payload.sender : '');
          }
        },
        closed: (again) => {
          if (!fresh || fresh !== hub) return;
          hub = null;
          if (stopped) return;
          if (!again) failures = Math.max(failures, 2);
          enter('reconnecting');
          later();
        },
      });
      await join(fresh);
      if (stopped) return fresh.close();
      hub = fresh;
      failures = 0;
      pollAfter = POLL_FIRST;
      clearTimeout(repoll);
      enter('online');
      flush();
      if (hasGap(thread)) catchUp(fresh);
    } catch (error) {
      fresh?.close();
      failures++;
      later(error);
      // What the hub refused, REST would refuse too.
      if (error instanceof Refused) refused(error);
      else poll();
    } finally {
      dialling = false;
    }
  };

  const later = (error?: unknown) => {
    clearTimeout(redial);
    if (stopped) return;
    quietUntil = Date.now() + pause(error);
    redial = setTimeout(dial, (0.5 + Math.random() / 2) * Math.min(REDIAL_MOST, REDIAL_FIRST * 2 ** failures));
  };

  const refused = (error: unknown) => {
    if (unverified(error)) disbelieved?.();
    enter(channelIsGone(error) ? 'unavailable' : 'reconnecting');
  };

  const poll = async () => {
    clearTimeout(repoll);
    if (polling || hub || stopped) return;
    polling = true;
    let wait = 0;
    try {
      const before = lastSeq(thread);
      await sync((last) => rest.post('sync', { ...visitor, ...(last !== null && { lastSeq: last }) }));
      pollAfter = lastSeq(thread) === before ? Math.min(POLL_MOST, pollAfter * 1.5) : POLL_FIRST;
      if (!hub) enter('online');
      flush();
    } catch (error) {
      pollAfter = Math.min(POLL_MOST, pollAfter * 2);
      wait = pause(error);
      if (!hub) refused(error);
    }
    polling = false;
    if (!hub && !stopped) repoll = setTimeout(poll, Math.max(wait, pollAfter));
  };

  const flush = async () => {
    if (flushing) return;
    flushing = true;
    for (let draft; phase === 'online' && (draft = outbox.next()); ) {
      outbox.set(draft, 'sending');
      changed();
      try {
        if (hub && !draft.media && new Blob([JSON.stringify(draft.text)]).size < HUB_TEXT) {
          receive(await hub.invoke('Send', token, sessionId, draft.id, draft.text, name ?? null, ...proved));
          outbox.drop(draft.id);
        } else {
          const afterMessageId = thread.messages.at(-1)?.id;
          const { id: clientMessageId, text, media } = draft;
          const file = media && { contentType: media.contentType, richMedia: { upload_id: media.richMedia.upload_id } };
          await rest.post('messages', { ...visitor, text, ...file, clientMessageId, afterMessageId, contactDisplayName: name });
          outbox.set(draft, 'stored');
          pollAfter = POLL_FIRST;
          poll();
        }
      } catch (error) {
        const lost = error instanceof Disconnected && ++draft.lost < MOST_LOST;
        outbox.set(draft, lost ? 'waiting' : 'failed', error);
        if (lost) break;
      }
      changed();
    }
    flushing = false;
  };

  dial();
  return {
    thread: () => thread,
    phase: () => phase,
    flush,
    loadEarlier: async () => {
      const beforeSeq = thread.messages[0]?.seq;
      if (!beforeSeq) return;
      const answer = await (hub
        ? hub.invoke('GetEarlier', token, sessionId, beforeSeq, ...proved)
        : rest.post('earlier', { ...visitor, beforeSeq }));
      thread = extended(thread, answer);
      changed();
    },
    awaited: () => !!typist && phase === 'online',
    type: () => {
      if (!hub || !thread.messages.length || Date.now() - typedAt < TYPING_EVERY) return;
      typedAt = Date.now();
      hub.invoke('Typing', token, sessionId, ...proved).catch(() => {});
    },
    markRead: async (ids) => {
      if (!hub) throw new Disconnected();
      await hub.invoke('MarkRead', token, sessionId, ids.slice(-MARK_MOST), ...proved);
    },
    post: (path, body) => rest.post(path, { ...visitor, ...body }),
    refetch: async (seq) => {
      const beforeSeq = seq + 1;
      const answer: EarlierAnswer = await (hub
        ? hub.invoke('GetEarlier', token, sessionId, beforeSeq, ...proved)
        : rest.post('earlier', { ...visitor, beforeSeq }));
      return answer.messages.find((message) => message.seq === seq);
    },
    wake: () => {
      stopped = false;
      if (hub) return hub.probe();
      failures = 0;
      dial();
    },
    sleep: () => hub?.close(),
    stop: () => {
      stopped = true;
      clearTimeout(redial);
      clearTimeout(repoll);
      hub?.close();
    },
  };
}

/** How long the server asked us to stay away, in milliseconds. */
function pause(error: unknown): number {
  return channelIsGone(error) ? GONE_FOR : (secondsToWait(error) ?? 0) * 1000;
}
