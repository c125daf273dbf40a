// What reaches somebody who looks elsewhere: the title's number, a sound, a notification of the desktop.

import { effect } from '@preact/signals';
import { fill, words } from '../i18n/index.ts';
import { go, place } from '../router.ts';
import { preferences } from '../session.ts';
import type { InboxConversation } from '../wire.ts';
import { contactName } from './names.ts';
import { address, counts, messageTold, myId, noteTold, openId, thread } from './store.ts';

export function startNotices(): void {
  effect(() => {
    const now = counts.value;
    const waiting = now ? now.mine.unread + now.unassigned.unread + now.mentions.unread : 0;
    const open = thread.value;
    const name = place.value.path.startsWith('/inbox/c/') && open ? contactName(open.conversation.contact) : words.value.inbox;
    // Other pages have their own titles.
    if (/^\/inbox(\/c\/|$)/.test(place.value.path)) document.title = `${waiting ? `(${waiting}) ` : ''}${name} – Parlor`;
  });
  effect(() => {
    const told = messageTold.value;
    if (!told || told.message.sender_type !== 'end_user') return;
    const { conversation } = told;
    // What the assistant answers, or somebody else has, is not this person's business.
    const mine = conversation.assignee_id === myId();
    const free = conversation.assignee_id === null && conversation.answering === 'person';
    if (mine || free) notice(conversation, contactName(conversation.contact), conversation.last_message?.preview ?? '');
  });
  effect(() => {
    const told = noteTold.value;
    if (!told || told.note.author_id === myId() || !told.note.mentions.includes(myId())) return;
    notice(told.conversation, fill(words.value.mentionedYou, { name: told.note.author_name }), told.note.content);
  });
}

/** Nobody is told what they are looking at. */
function notice(conversation: InboxConversation, title: string, body: string): void {
  const looking = document.visibilityState === 'visible' && document.hasFocus();
  if (looking && openId.peek() === conversation.id) return;
  const { sound, notifications } = preferences.peek();
  if (sound) ping();
  if (!notifications || looking || !('Notification' in window) || Notification.permission !== 'granted') return;
  const shown = new Notification(title, { body: body.slice(0, 200), tag: conversation.id });
  shown.onclick = () => {
    window.focus();
    void go(address(conversation.id));
    shown.close();
  };
}

/** Asks the browser, which asks the person; answers whether notifications are allowed now. */
export async function allowNotifications(): Promise<boolean> {
  return 'Notification' in window && (await Notification.requestPermission()) === 'granted';
}

let audio: AudioContext | undefined;

/** Two soft notes, made here: there is no file to load. */
export function ping(): void {
  audio ??= new AudioContext();
  void audio.resume();
  const now = audio.currentTime;
  for (const [at, pitch] of [
    [0, 660],
    [0.12, 880],
  ] as const) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.type = 'sine';
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, now + at);
    volume.gain.linearRampToValueAtTime(0.12, now + at + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0005, now + at + 0.35);
    tone.connect(volume).connect(audio.destination);
    tone.start(now + at);
    tone.stop(now + at + 0.4);
  }
}
