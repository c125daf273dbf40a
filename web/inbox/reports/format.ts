// Numbers, times and dates of reports, as the reader's language writes them.

import { locale } from '../i18n/index.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 45 s, 12 min, 3.4 h, 2.1 d. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '–';
  const [amount, unit] =
    seconds < MINUTE ? [seconds, 'second'] : seconds < HOUR ? [seconds / MINUTE, 'minute'] : seconds < 2 * DAY ? [seconds / HOUR, 'hour'] : [seconds / DAY, 'day'];
  const maximumFractionDigits = amount < 10 && unit !== 'second' ? 1 : 0;
  return new Intl.NumberFormat(locale.value.tag, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits }).format(amount);
}

/** 12,400 as 12K: for axes and tiles. */
export function compact(n: number): string {
  return new Intl.NumberFormat(locale.value.tag, { notation: n < 10_000 ? 'standard' : 'compact', maximumFractionDigits: 1 }).format(n);
}

export function percent(part: number): string {
  return new Intl.NumberFormat(locale.value.tag, { style: 'percent', maximumFractionDigits: 0 }).format(part);
}

export function decimal(n: number): string {
  return new Intl.NumberFormat(locale.value.tag, { maximumFractionDigits: 1, minimumFractionDigits: 1 }).format(n);
}

/** A calendar day, whatever the reader's time zone. */
export function calendarDay(date: string, style: 'short' | 'long' = 'short'): string {
  const format = style === 'short' ? { day: 'numeric', month: 'short' } : { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' };
  return new Intl.DateTimeFormat(locale.value.tag, { ...(format as Intl.DateTimeFormatOptions), timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`));
}

/** 2026-03-09, of a moment as this browser's calendar has it. */
export function iso(date: Date): string {
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
}

export function daysBefore(date: Date, days: number): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - days);
}
