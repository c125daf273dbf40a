// What somebody has begun to write. A reply's draft is the server's, so that every browser has it; a note's stays in this one.

import { api } from '../api.ts';
import { myId } from './store.ts';

const SAVE_AFTER = 600;

interface Saving {
  content: string;
  timer: ReturnType<typeof setTimeout>;
}

const saving = new Map<string, Saving>();
/** What the server has been given last, by conversation. */
const saved = new Map<string, string>();

export function began(id: string, content: string): void {
  saved.set(id, content);
}

/** Whether a text is what the server has. */
export function isSaved(id: string, content: string): boolean {
  return !saving.has(id) && (saved.get(id) ?? '') === content;
}

export function saveDraft(id: string, content: string): void {
  clearTimeout(saving.get(id)?.timer);
  const timer = setTimeout(() => void put(id), SAVE_AFTER);
  saving.set(id, { content, timer });
}

/** Saves at once what waits, as when the page is left. */
export function flushDrafts(): void {
  for (const id of [...saving.keys()]) void put(id);
}

async function put(id: string): Promise<void> {
  const waiting = saving.get(id);
  if (!waiting) return;
  clearTimeout(waiting.timer);
  saving.delete(id);
  const before = saved.get(id);
  if (before === waiting.content) return;
  saved.set(id, waiting.content);
  const answer = await api.put(`/api/conversations/${id}/draft`, { content: waiting.content });
  // The next change tries again.
  if (!answer.ok && before !== undefined) saved.set(id, before);
}

const noteKey = (id: string) => `parlor_inbox_note_${myId()}_${id}`;

export function noteDraft(id: string): string {
  try {
    return localStorage.getItem(noteKey(id)) ?? '';
  } catch {
    return '';
  }
}

export function saveNoteDraft(id: string, content: string): void {
  try {
    if (content) localStorage.setItem(noteKey(id), content);
    else localStorage.removeItem(noteKey(id));
  } catch {
    // A browser that keeps nothing loses it with the page.
  }
}

window.addEventListener('pagehide', flushDrafts);
