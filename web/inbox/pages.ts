// The pages beside the conversations. Each comes when it is opened; add a line, and the navigation and the command palette know it.

import type { ComponentType } from 'preact';
import type { Words } from './i18n/index.ts';
import type { Permission } from './session.ts';
import type { IconName } from './ui/icons.ts';

export interface PageEntry {
  /** The whole path; what follows behind it is the page's own business (`rest`). */
  path: string;
  /** Where the navigation shows it: `settings` pages stand in one list, by their groups; `hidden` ones nowhere. */
  section: 'settings' | 'reports' | 'hidden';
  /** A heading in the settings' list; pages of one group stand together. */
  group?: (words: Words) => string;
  title: (words: Words) => string;
  icon: IconName;
  /** Without it everybody sees the page. */
  needs?: Permission;
  load: () => Promise<{ default: ComponentType<{ rest: string }> }>;
}

type Page = { default: ComponentType<{ rest: string }> };

/** A page of set-up comes with the words of set-up. */
async function settings(page: Promise<Page>): Promise<Page> {
  const [module] = await Promise.all([page, import('./settings/words.ts').then((words) => words.load())]);
  return module;
}

/** The dashboard uses set-up's parts, and so its words. */
async function reports(page: Promise<Page>): Promise<Page> {
  const [module] = await Promise.all([settings(page), import('./reports/words.ts').then((words) => words.load())]);
  return module;
}

export const PAGES: PageEntry[] = [
  {
    path: '/inbox/reports',
    section: 'reports',
    title: (w) => w.reports,
    icon: 'chart-column',
    needs: 'view_conversations',
    load: () => reports(import('./reports/index.tsx')),
  },
  {
    path: '/inbox/welcome',
    section: 'hidden',
    title: (w) => w.pageWelcome,
    icon: 'sparkles',
    needs: 'manage_team',
    load: () => settings(import('./settings/welcome.tsx')),
  },
  {
    path: '/inbox/settings/website',
    section: 'settings',
    group: (w) => w.groupChannels,
    title: (w) => w.pageWebsite,
    icon: 'globe',
    needs: 'view_channels',
    load: () => settings(import('./settings/website/index.tsx')),
  },
  {
    path: '/inbox/settings/mobile',
    section: 'settings',
    group: (w) => w.groupChannels,
    title: (w) => w.pageMobile,
    icon: 'smartphone',
    needs: 'view_channels',
    load: () => settings(import('./settings/mobile.tsx')),
  },
  {
    path: '/inbox/settings/embeds',
    section: 'settings',
    group: (w) => w.groupChannels,
    title: (w) => w.pageEmbeds,
    icon: 'code',
    needs: 'view_channels',
    load: () => settings(import('./settings/embeds.tsx')),
  },
  {
    path: '/inbox/settings/assistants',
    section: 'settings',
    group: (w) => w.groupAnswers,
    title: (w) => w.pageAssistants,
    icon: 'bot',
    needs: 'view_channels',
    load: () => settings(import('./settings/assistants/index.tsx')),
  },
  {
    path: '/inbox/settings/articles',
    section: 'settings',
    group: (w) => w.groupAnswers,
    title: (w) => w.pageKnowledge,
    icon: 'book-open',
    needs: 'view_channels',
    load: () => settings(import('./settings/articles.tsx')),
  },
  {
    path: '/inbox/settings/replies',
    section: 'settings',
    group: (w) => w.groupAnswers,
    title: (w) => w.pageReplies,
    icon: 'zap',
    needs: 'view_conversations',
    load: () => settings(import('./settings/replies.tsx')),
  },
  {
    path: '/inbox/settings/team',
    section: 'settings',
    group: (w) => w.groupOrganization,
    title: (w) => w.pageTeam,
    icon: 'users',
    load: () => settings(import('./settings/team.tsx')),
  },
  {
    path: '/inbox/settings/keys',
    section: 'settings',
    group: (w) => w.groupOrganization,
    title: (w) => w.pageApiKeys,
    icon: 'key',
    needs: 'manage_team',
    load: () => settings(import('./settings/api_keys.tsx')),
  },
  {
    path: '/inbox/settings/usage',
    section: 'settings',
    group: (w) => w.groupOrganization,
    title: (w) => w.pageUsage,
    icon: 'gauge',
    load: () => settings(import('./settings/usage.tsx')),
  },
  {
    path: '/inbox/settings/profile',
    section: 'settings',
    group: (w) => w.groupYou,
    title: (w) => w.pageProfile,
    icon: 'user',
    load: () => settings(import('./settings/profile.tsx')),
  },
];
