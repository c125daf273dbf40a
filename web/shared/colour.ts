// Contrast by the WCAG formula, for colours that an account chose and nobody checked.

const FALLBACK = '#1f6feb';
export const WHITE = '#ffffff';
export const BLACK = '#000000';

/** The colour as `#rrggbb`, or the house colour if it is none. */
export function valid(colour: string): string {
  return /^#[0-9a-f]{6}$/i.test(colour) ? colour : FALLBACK;
}

function rgb(hex: string): number[] {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function luminance(hex: string): number {
  const [r, g, b] = rgb(hex).map((v) => (v <= 10 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

export function contrast(a: string, b: string): number {
  const ratio = (luminance(a) + 0.05) / (luminance(b) + 0.05);
  return Math.max(ratio, 1 / ratio);
}

/** White or black, whichever can be read better on the colour: it always reaches 4.5. */
export function inkOn(colour: string): string {
  return contrast(colour, WHITE) > 4.5 ? WHITE : BLACK;
}

/** The colour itself, or as little lighter or darker as makes it readable on the ground. */
export function readable(colour: string, ground: string): string {
  const towards = inkOn(ground) === WHITE ? 255 : 0;
  let hex = colour;
  for (let part = 0; contrast(hex, ground) < 4.5; part += 0.05) {
    hex = rgb(colour).reduce((out, v) => out + Math.round(v + (towards - v) * part + 256).toString(16).slice(1), '#');
  }
  return hex;
}
