// The words of the set-up pages. They come with the first of these pages.

import { catalogue } from '../i18n/index.ts';
import english, { type SettingsWords } from './i18n/en.ts';

export const { words, load } = catalogue<SettingsWords>(english, {
  de: () => import('./i18n/de.ts'),
  fr: () => import('./i18n/fr.ts'),
  es: () => import('./i18n/es.ts'),
  ar: () => import('./i18n/ar.ts'),
});
