import { catalogue } from '../i18n/index.ts';
import english, { type ReportWords } from './i18n/en.ts';

export const { words, load } = catalogue<ReportWords>(english, {
  de: () => import('./i18n/de.ts'),
  fr: () => import('./i18n/fr.ts'),
  es: () => import('./i18n/es.ts'),
  ar: () => import('./i18n/ar.ts'),
});
