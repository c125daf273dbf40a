import { locale } from '../i18n/index.ts';
import { DAYS, type Day } from './wire.ts';

/** The name of a day as the reader's language has it. */
export function dayName(day: Day, style: 'long' | 'short' = 'long'): string {
  // The first of January 2024 was a Monday.
  const date = new Date(Date.UTC(2024, 0, 1 + DAYS.indexOf(day)));
  return new Intl.DateTimeFormat(locale.value.tag, { weekday: style, timeZone: 'UTC' }).format(date);
}
