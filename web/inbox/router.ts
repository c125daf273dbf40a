// Where in the page somebody is: the address says it, and the address alone.

import { signal } from '@preact/signals';

export const HOME = '/inbox';

export interface Place {
  /** Without a slash at its end. */
  path: string;
  query: URLSearchParams;
}

function here(): Place {
  return { path: location.pathname.replace(/\/+$/, '') || HOME, query: new URLSearchParams(location.search) };
}

export const place = signal(here());

/** What wants to be asked before somebody leaves, such as a form with changes. Answers whether to go. */
let guard: (() => boolean | Promise<boolean>) | undefined;

export function guardLeaving(ask: typeof guard): void {
  guard = ask;
}

export async function go(to: string, how: 'push' | 'replace' = 'push'): Promise<void> {
  if (to === location.pathname + location.search) return;
  if (guard && !(await guard())) return;
  guard = undefined;
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', to);
  place.value = here();
}

/** Back and forward move at once; while somebody is asked, the address is the one that they have not left yet. */
async function returned(): Promise<void> {
  const to = location.pathname + location.search;
  if (guard) {
    const { path, query } = place.value;
    history.pushState(null, '', query.size ? `${path}?${query}` : path);
    await go(to, 'replace');
  } else place.value = here();
}

/** The part of the path behind a prefix, or null when the path is another one. */
export function behind(prefix: string, path: string): string | null {
  if (path === prefix) return '';
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : null;
}

/** Makes every plain click on a link into the inbox a move within the page. */
export function startRouter(): void {
  window.addEventListener('popstate', () => void returned());
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = event.target instanceof Element && event.target.closest('a');
    if (!anchor || anchor.target || anchor.hasAttribute('download')) return;
    const to = new URL(anchor.href, location.href);
    if (to.origin !== location.origin || behind(HOME, to.pathname.replace(/\/+$/, '')) === null) return;
    event.preventDefault();
    void go(to.pathname + to.search);
  });
}
