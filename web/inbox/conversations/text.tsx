import type { ComponentChildren } from 'preact';
import { linkify } from '../../shared/linkify.ts';

/** A link that somebody else has written: it learns nothing of this page, and gains nothing from standing on it. */
export function Outside({ href, children }: { href: string; children: ComponentChildren }) {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
      {children}
    </a>
  );
}

/** Anybody's text, as text; what surely is a link can be followed, and the names of colleagues stand out. */
export function Text({ text, names = [] }: { text: string; names?: readonly string[] }) {
  return (
    <p class="text" dir="auto">
      {linkify(text).map((piece, i) =>
        piece.href ? (
          <Outside key={i} href={piece.href}>
            {piece.text}
          </Outside>
        ) : (
          marked(piece.text, names)
        ),
      )}
    </p>
  );
}

function marked(text: string, names: readonly string[]): ComponentChildren {
  const wanted = names.map((name) => `@${name}`);
  const found = wanted.map((name) => ({ name, at: text.indexOf(name) })).filter(({ at }) => at >= 0);
  const first = found.sort((a, b) => a.at - b.at || b.name.length - a.name.length)[0];
  if (!first) return text;
  return (
    <>
      {text.slice(0, first.at)}
      <mark>{first.name}</mark>
      {marked(text.slice(first.at + first.name.length), names)}
    </>
  );
}
