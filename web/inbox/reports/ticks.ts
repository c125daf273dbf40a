// Where an axis has its lines.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

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
