// Words in several languages. English is at hand; the other languages of a catalogue come when they are needed.
//
// A catalogue is an object of texts: `{name}` is a place to fill, and an object by plural category ('one', 'other', …) is a text that follows
// a number. The page has one for what everybody sees at once; a page that comes later brings its own.

import { batch, computed, signal, type ReadonlySignal } from '@preact/signals';
import english, { type Words } from './en.ts';

export type { Words };

/** By the categories of `Intl.PluralRules`. */
export type Plural = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;

export const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', ar: 'العربية' } as const;
export type LanguageCode = keyof typeof LANGUAGES;
type Others<W> = Record<Exclude<LanguageCode, 'en'>, () => Promise<{ default: W }>>;

/** The full tag, which dates and numbers follow, and its language, which the words follow. */
export const locale = signal<{ tag: string; language: LanguageCode }>({ tag: 'en', language: 'en' });

const catalogues: ((language: LanguageCode) => Promise<() => void>)[] = [];

/** A catalogue: `words.value` are its words now. A page loads it before it shows itself, and whenever the language changes. */
export function catalogue<W extends object>(englishWords: W, others: Others<W>): { words: ReadonlySignal<W>; load(): Promise<void> } {
  const words = signal(englishWords);
  const fetchWords = async (language: LanguageCode): Promise<() => void> => {
    const found = language === 'en' ? englishWords : (await others[language]()).default;
    return () => {
      words.value = found;
    };
  };
  let wanted: Promise<void> | undefined;
  const load = () => {
    if (!wanted) {
      catalogues.push(fetchWords);
      wanted = fetchWords(locale.value.language).then((put) => put());
    }
    return wanted;
  };
  return { words, load };
}

const main = catalogue<Words>(english, {
  de: () => import('./de.ts'),
  fr: () => import('./fr.ts'),
  es: () => import('./es.ts'),
  ar: () => import('./ar.ts'),
});

/** What everybody sees at once. */
export const words = main.words;
void main.load();

/** Speaks the first of the wanted languages that we have, and English while the server does not give us its words. */
export async function speak(wanted: readonly string[]): Promise<void> {
  const tag = wanted.find((tag) => base(tag) in LANGUAGES) ?? 'en';
  const language = base(tag) as LanguageCode;
  try {
    const puts = await Promise.all(catalogues.map((fetchWords) => fetchWords(language)));
    batch(() => {
      locale.value = { tag, language };
      puts.forEach((put) => put());
    });
  } catch {
    return;
  }
  document.documentElement.lang = tag;
  document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';
}

function base(tag: string): string {
  return tag.toLowerCase().split('-')[0]!;
}

/** A text with its places filled. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** A text that follows a number, which stands at `{n}` in the language's own way. */
export function plural(forms: Plural, n: number, values: Record<string, string | number> = {}): string {
  return fill(forms[rules.value.select(n)] ?? forms.other, { n: number.value.format(n), ...values });
}

const rules = computed(() => new Intl.PluralRules(locale.value.tag));
export const number = computed(() => new Intl.NumberFormat(locale.value.tag));
const clock = computed(() => new Intl.DateTimeFormat(locale.value.tag, { hour: 'numeric', minute: '2-digit' }));
const weekday = computed(() => new Intl.DateTimeFormat(locale.value.tag, { weekday: 'short' }));
const shortDate = computed(() => new Intl.DateTimeFormat(locale.value.tag, { day: 'numeric', month: 'short' }));
const numericDate = computed(() => new Intl.DateTimeFormat(locale.value.tag, { dateStyle: 'short' }));
const longDate = computed(() => new Intl.DateTimeFormat(locale.value.tag, { weekday: 'long', day: 'numeric', month: 'long' }));
const longDateWithYear = computed(() => new Intl.DateTimeFormat(locale.value.tag, { dateStyle: 'full' }));
const whole = computed(() => new Intl.DateTimeFormat(locale.value.tag, { dateStyle: 'medium', timeStyle: 'short' }));
const relative = computed(() => new Intl.RelativeTimeFormat(locale.value.tag, { numeric: 'auto' }));
const narrow = computed(() => new Intl.RelativeTimeFormat(locale.value.tag, { numeric: 'auto', style: 'narrow' }));

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Whole days between two moments, by the calendar on the wall. */
function daysBetween(from: Date, to: Date): number {
  return Math.round((new Date(to).setHours(0, 0, 0, 0) - new Date(from).setHours(0, 0, 0, 0)) / DAY);
}

export const dates = {
  /** 14:05 */
  time: (at: string | Date) => clock.value.format(new Date(at)),
  /** 14:05 today, then the weekday, then the date: for lists. */
  short(at: string | Date, now = new Date()): string {
    const date = new Date(at);
    const days = daysBetween(date, now);
    if (days === 0) return clock.value.format(date);
    if (days > 0 && days < 7) return weekday.value.format(date);
    return (date.getFullYear() === now.getFullYear() ? shortDate : numericDate).value.format(date);
  },
  /** Today, Yesterday, Monday 3 March: for day marks. */
  day(at: string | Date, now = new Date()): string {
    const date = new Date(at);
    const days = daysBetween(now, date);
    if (Math.abs(days) <= 1) return upper(relative.value.format(days, 'day'));
    return (date.getFullYear() === now.getFullYear() ? longDate : longDateWithYear).value.format(date);
  },
  /** The whole of it, for a title. */
  full: (at: string | Date) => whole.value.format(new Date(at)),
  /** 3 minutes ago, in 2 days. */
  relative(at: string | Date, now = new Date()): string {
    return told(relative.value, new Date(at).getTime() - now.getTime());
  },
  relativeShort(at: string | Date, now = new Date()): string {
    return told(narrow.value, new Date(at).getTime() - now.getTime());
  },
};

function told(format: Intl.RelativeTimeFormat, ms: number): string {
  const away = Math.abs(ms);
  if (away < MINUTE) return format.format(0, 'second');
  if (away < HOUR) return format.format(Math.trunc(ms / MINUTE), 'minute');
  if (away < DAY) return format.format(Math.trunc(ms / HOUR), 'hour');
  if (away < 30 * DAY) return format.format(Math.trunc(ms / DAY), 'day');
  if (away < 365 * DAY) return format.format(Math.trunc(ms / (30 * DAY)), 'month');
  return format.format(Math.trunc(ms / (365 * DAY)), 'year');
}

function upper(text: string): string {
  return text.charAt(0).toLocaleUpperCase(locale.value.tag) + text.slice(1);
}

/** 1.4 MB, as the language writes it. */
export function fileSize(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let at = 0;
  for (; bytes >= 1000 && at < 3; at++) bytes /= 1000;
  const unitDisplay = at ? 'short' : 'long';
  const maximumFractionDigits = bytes < 10 && at ? 1 : 0;
  return new Intl.NumberFormat(locale.value.tag, { style: 'unit', unit: units[at]!, unitDisplay, maximumFractionDigits }).format(bytes);
}
