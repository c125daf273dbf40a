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

export const PAGES: PageEntry[] = [
  {
    path: '/inbox/welcome',
    section: 'hidden',
    title: (w) => w.pageWelcome,
    icon: 'sparkles',
    needs: 'manage_channels',
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
    path: '/inbox/settings/team',
    section: 'settings',
    group: (w) => w.groupOrganization,
    title: (w) => w.pageTeam,
    icon: 'users',
    load: () => settings(import('./settings/team.tsx')),
  },
];
