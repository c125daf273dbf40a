// Who works here, how they like the page, and what they may.

import { computed, signal } from '@preact/signals';
import { api, me, type Preferences } from './api.ts';
import { speak } from './i18n/index.ts';

export type Permission = 'view_channels' | 'manage_channels' | 'view_conversations' | 'manage_conversations' | 'manage_team';

const GRANTED: Record<Exclude<Permission, 'manage_team'>, string> = {
  view_channels: 'store.social_channels.view',
  manage_channels: 'store.social_channels.manage',
  view_conversations: 'store.conversations.view',
  manage_conversations: 'store.conversations.manage',
};

/** Whether the person may; the server has the last word. */
export function may(permission: Permission): boolean {
  const person = me.value;
  if (!person) return false;
  if (permission === 'manage_team') return person.role === 'owner' || person.role === 'admin';
  return person.permissions.includes(GRANTED[permission]);
}

const DEFAULTS: Preferences = { theme: 'system', language: 'auto', sound: false, notifications: false };

/** What this browser remembers, so that the page does not change its colours once the server has answered. */
const KEPT = 'parlor_inbox_preferences';

const kept = signal<Partial<Preferences>>(remembered());

export const preferences = computed<Preferences>(() => ({ ...DEFAULTS, ...kept.value, ...me.value?.preferences }));

/** Counts at once, and goes back to what it was when the server refuses it. */
export async function prefer(changes: Partial<Preferences>) {
  const before = { kept: kept.value, me: me.value };
  kept.value = { ...kept.value, ...changes };
  if (me.value) me.value = { ...me.value, preferences: { ...me.value.preferences, ...changes } };
  show();
  const answer = await api.patch('/api/me', { preferences: changes });
  if (!answer.ok) {
    kept.value = before.kept;
    me.value = before.me;
    show();
  }
  return answer;
}

/** Puts the preferences into force. */
export function show(): Promise<void> {
  const { theme, language } = preferences.value;
  try {
    localStorage.setItem(KEPT, JSON.stringify(preferences.value));
  } catch {
    // A browser that forbids it asks the server next time.
  }
  document.documentElement.dataset.theme = theme;
  return speak(language === 'auto' ? navigator.languages : [language, ...navigator.languages]);
}

function remembered(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Partial<Preferences>;
  } catch {
    return {};
  }
}
