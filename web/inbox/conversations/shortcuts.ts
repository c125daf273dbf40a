// Keys for everything. What a key does is said by the control itself (`aria-keyshortcuts`): the key presses it, or puts the cursor into it.

import { signal } from '@preact/signals';
import { step } from './act.ts';

export const paletteOpen = signal(false);
export const helpOpen = signal(false);

const KEPT = 'parlor_inbox_keys';

/** Single keys disturb whoever speaks to their computer: they can be switched off. */
export const singleKeys = signal(read());

function read(): boolean {
  try {
    return localStorage.getItem(KEPT) !== 'off';
  } catch {
    return true;
  }
}

export function useSingleKeys(on: boolean): void {
  singleKeys.value = on;
  try {
    localStorage.setItem(KEPT, on ? 'on' : 'off');
  } catch {
    // Then it counts until the page is closed.
  }
}

export function listenForKeys(): void {
  window.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      paletteOpen.value = !paletteOpen.peek();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !singleKeys.peek()) return;
    if (writes(event.target) || document.querySelector('dialog[open], [popover]:popover-open')) return;
    if (event.key === '?') {
      event.preventDefault();
      helpOpen.value = true;
    } else if (event.key === 'j' || event.key === 'k') {
      event.preventDefault();
      step(event.key === 'j' ? 1 : -1);
    } else if (/^[a-z0-9/]$/.test(event.key) && press(event.key)) {
      event.preventDefault();
    }
  });
}

function writes(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Uses the control that answers to a key, if one is there to be used. */
export function press(key: string): boolean {
  const all = document.querySelectorAll<HTMLElement>(`[aria-keyshortcuts="${CSS.escape(key)}"]:not(:disabled)`);
  const control = [...all].find((element) => element.checkVisibility());
  if (!control) return false;
  if (control instanceof HTMLInputElement && control.type === 'search') control.focus();
  else {
    control.click();
    if (control instanceof HTMLInputElement && control.checked) control.dispatchEvent(new Event('change', { bubbles: true }));
  }
  return true;
}
