import { classes } from './classes.ts';

/** Somebody's first letters on a colour that is always theirs. The name stands beside it, so it is decoration. */
export function Avatar({ name, id, size = 32, online, assistant }: { name: string; id: string; size?: 20 | 24 | 32 | 40 | 56; online?: boolean; assistant?: boolean }) {
  return (
    <span class={classes('avatar', `size-${size}`, `hue-${hue(id)}`, assistant && 'assistant')} aria-hidden="true">
      {initials(name)}
      {online !== undefined && <span class={online ? 'dot online' : 'dot'} />}
    </span>
  );
}

const HUES = 8;

function hue(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)!) % 997;
  return sum % HUES;
}

function initials(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => (word ? [...word][0]! : ''));
  return letters.join('').toLocaleUpperCase() || '?';
}
