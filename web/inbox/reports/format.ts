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

/** Round steps for an axis: about four of them, from 0. */
export function ticks(most: number, whole: boolean): number[] {
  if (most <= 0) return [0, 1];
  const raw = most / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw)!;
  const used = whole ? Math.max(1, Math.ceil(step)) : step;
  const count = Math.ceil(most / used);
  return Array.from({ length: count + 1 }, (_, i) => i * used);
}

/** Round steps for an axis of times: minutes, hours or days, whichever fits. */
export function timeTicks(most: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 30 * DAY, 90 * DAY];
  const step = steps.find((step) => step * 4 >= most) ?? steps.at(-1)!;
  return Array.from({ length: Math.max(1, Math.ceil(most / step)) + 1 }, (_, i) => i * step);
}
