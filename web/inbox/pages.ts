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

export const PAGES: PageEntry[] = [];
