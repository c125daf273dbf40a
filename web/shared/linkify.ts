// Finds the links in a text that anyone may have written. Everything that is not surely a link stays text.

export interface Piece {
  text: string;
  href?: string;
}

// A link ends at white space, at quotes and angle brackets, and at the invisible characters that reorder or hide text.
const LINK = /(?:https?:\/\/|mailto:)[^\s<>"`\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/gi;

export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(LINK)) {
    const link = withoutTail(match[0]);
    const href = safeHref(link, /^(https?|mailto):$/);
    const before = text[match.index - 1];
    if (!href || (before && /[\p{L}\p{N}_]/u.test(before))) continue;
    if (match.index > done) pieces.push({ text: text.slice(done, match.index) });
    pieces.push({ text: link, href });
    done = match.index + link.length;
  }
  if (done < text.length) pieces.push({ text: text.slice(done) });
  return pieces;
}

/** The address if it may be followed, and null if it is anything but a plain one of the allowed kind. */
export function safeHref(address: unknown, allowed = /^https?:$/): string | null {
  if (typeof address !== 'string') return null;
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  // `https://bank.example@evil.example` goes where it does not seem to go.
  if (!allowed.test(url.protocol) || url.username || url.password) return null;
  return url.href;
}

/** Punctuation after a link belongs to the sentence; a bracket does so unless the link opened it. */
function withoutTail(link: string): string {
  for (;;) {
    const last = link.at(-1)!;
    const opens = { ')': '(', ']': '[', '}': '{' }[last];
    const spare = opens ? link.split(opens).length < link.split(last).length : /[.,;:!?'*_~…，。、！？»”’]/.test(last);
    if (!spare) return link;
    link = link.slice(0, -1);
  }
}
