// One catalogue of words in several languages. English is at hand; the others come when they are needed.

import english, { type Words } from './en.ts';

export type { Words };

export interface Language {
  tag: string;
  dir: 'ltr' | 'rtl';
  words: Words;
}

const OTHERS: Record<string, () => Promise<{ default: Words }>> = {
  de: () => import('./de.ts'),
  fr: () => import('./fr.ts'),
  es: () => import('./es.ts'),
  ar: () => import('./ar.ts'),
};

/** The first of the wanted languages that we have. Dates follow the full tag, words its first part. */
export async function language(wanted: readonly string[]): Promise<Language> {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0]!;
    if (base === 'en') return { tag, dir: 'ltr', words: english };
    const other = OTHERS[base];
    if (!other) continue;
    try {
      return { tag, dir: base === 'ar' ? 'rtl' : 'ltr', words: (await other()).default };
    } catch {
      break;
    }
  }
  return { tag: 'en', dir: 'ltr', words: english };
}

export function fill(text: string, n: number | string): string {
  return text.replace('{n}', String(n));
}
