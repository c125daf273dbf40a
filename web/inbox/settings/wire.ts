// What the set-up paths of the org door answer (`org.md` C, F, E, V, P).

import type { LanguageCode } from '../i18n/index.ts';

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];
export type Stretch = [from: string, to: string];

export interface Hours {
  enabled: boolean;
  timezone: string;
  week: Partial<Record<Day, Stretch[]>>;
  away_message?: string | null;
}

export interface PreChatField {
  key: string;
  label: string;
  type: 'text' | 'email' | 'phone' | 'select';
  required?: boolean;
  options?: string[];
}

export interface ChannelSettings {
  primary_color: string;
  position: 'bottom-right' | 'bottom-left';
  greeting: string;
  title: string | null;
  logo_url: string | null;
  language: 'auto' | LanguageCode;
  translations: Partial<Record<LanguageCode, { greeting?: string; title?: string }>>;
  hours: Hours | null;
  reply_time: 'minutes' | 'hours' | 'day' | null;
  pre_chat: { enabled: boolean; fields: PreChatField[] };
  rating: { enabled: boolean };
}

export interface Channel {
  id: string;
  kind: 'website' | 'mobile_sdk';
  name: string;
  token: string | null;
  is_enabled: boolean;
  auto_reply: boolean;
  assistant_id: string;
  identity: 'open' | 'verified';
  settings: ChannelSettings;
  snippet: string | null;
  created_at: string;
}

export type ProviderCode = 'anthropic' | 'openai' | 'local';

export interface Assistant {
  id: string;
  name: string;
  kind: 'model' | 'flow';
  provider: ProviderCode;
  model: string;
  instructions: string | null;
}

export interface Provider {
  code: ProviderCode;
  /** `account`: its own; `server`: the operator's. */
  key: 'account' | 'server' | 'missing' | 'not_needed';
}

export interface Source {
  article_id?: string;
  title: string;
  url: string | null;
}

export interface Tried {
  content: string;
  sources: Source[];
  provider: string;
  /** Null for `local`. */
  model: string | null;
  handed_over: boolean;
}

export interface ArticleSummary {
  id: string;
  title: string;
  url: string | null;
  passages: number;
  updated_at: string;
}

export interface Article extends ArticleSummary {
  body: string;
}

export interface Account {
  id: string;
  name: string;
  welcome: 'pending' | 'done';
  created_at: string;
}

export type Role = 'owner' | 'admin' | 'agent' | 'viewer';

export interface Member {
  id: string;
  name: string;
  email: string;
  role: Role;
  status: 'online' | 'offline';
  created_at: string;
}

export interface Invite {
  id: string;
  email: string;
  role: Role;
  invited_by: { id: string; name: string };
  expires_at: string;
  created_at: string;
  link?: string;
}
