// Files on their way up. Few visitors send any, so this comes with the first one.

import type { Child, el } from '../shared/dom.ts';
import { Disconnected, Refused } from '../shared/errors.ts';
import type { Words } from '../shared/i18n/index.ts';
import type { Uploaded } from '../shared/wire.ts';

const MOST_AT_ONCE = 10;

export interface Pending {
  id: string;
  file: File;
  at: number;
  /** How much has gone up, from 0 to 1. */
  part: number;
  error?: unknown;
}

export interface Uploads {
  all(): Pending[];
  add(files: File[]): void;
  discard(pending: Pending): void;
  /** How far a file is, or why it was refused, and what can be done about it. The tools are the panel's. */
  meta(pending: Pending, make: typeof el, words: Words, reason: (error: unknown, words: Words) => string): Child[];
}

export interface Options {
  url: string;
  /** Who sends them; the server wants to know before it takes the file. */
  fields: Record<string, string>;
  largest(): number;
  newId(): string;
  changed(): void;
  arrived(pending: Pending, uploaded: Uploaded): void;
}

export function openUploads({ url, fields, largest, newId, changed, arrived }: Options): Uploads {
  let list: Pending[] = [];
  const under = new Map<Pending, XMLHttpRequest>();

  const drop = (pending: Pending) => {
    list = list.filter((other) => other !== pending);
    under.get(pending)?.abort();
    under.delete(pending);
    changed();
  };

  const fail = (pending: Pending, error: unknown) => {
    pending.error = error;
    under.delete(pending);
    changed();
  };

  const start = (pending: Pending) => {
    pending.part = 0;
    pending.error = undefined;
    // It would only be refused after all of it has gone up.
    if (pending.file.size > largest()) return fail(pending, new Refused('The file is too large.'));
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', pending.file);
    const request = new XMLHttpRequest();
    under.set(pending, request);
    request.upload.onprogress = ({ loaded, total }) => {
      pending.part = total ? loaded / total : 0;
      changed();
    };
    request.onerror = () => fail(pending, new Disconnected());
    request.onload = () => {
      let answer: any;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // Somebody else's answer, from between.
      }
      if (request.status !== 201 || !answer) return fail(pending, new Refused(answer?.error));
      drop(pending);
      arrived(pending, answer);
    };
    request.open('POST', url);
    request.send(form);
    changed();
  };

  return {
    all: () => list,
    add: (files) => {
      const fresh = files.slice(0, MOST_AT_ONCE).map((file) => ({ id: newId(), file, at: Date.now(), part: 0 }));
      list = [...list, ...fresh];
      fresh.forEach(start);
    },
    discard: drop,
    meta: (pending, make, words, reason) => {
      const { error } = pending;
      const cancel = make('button', { onclick: () => drop(pending) }, error ? words.discard : words.cancel);
      if (!error) return [make('progress', { value: pending.part, ariaLabel: words.uploading }), cancel];
      const why = refusedFile(error);
      const tooLarge = words.tooLarge.replace('{n}', `${Math.round(largest() / 2 ** 20)}`);
      return [
        make('span', {}, why ? (why === 'too large' ? tooLarge : words.badType) : reason(error, words)),
        ...(why ? [] : [make('button', { onclick: () => start(pending) }, words.retry)]),
        cancel,
      ];
    },
  };
}

/** What is wrong with a file, if that is why it was refused: trying again would not help. */
function refusedFile(error: unknown): string | undefined {
  return error instanceof Refused ? /too large|of this type/.exec(error.detail ?? '')?.[0] : undefined;
}
