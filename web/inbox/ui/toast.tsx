import { signal } from '@preact/signals';
import type { Failure } from '../api.ts';
import { fill, words } from '../i18n/index.ts';
import { Button, IconButton } from './button.tsx';
import { Icon } from './icon.tsx';

interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'good' | 'bad';
  action: { label: string; run: () => void } | undefined;
}

const MOST = 4;
const STAYS = 6_000;

const toasts = signal<Toast[]>([]);
let last = 0;

/** Says what has happened, for a while. What must not be missed belongs into the page. */
export function toast(text: string, { tone = 'plain', action }: { tone?: Toast['tone']; action?: Toast['action'] } = {}): void {
  const id = ++last;
  toasts.value = [...toasts.value.filter((other) => other.text !== text), { id, text, tone, action }].slice(-MOST);
  setTimeout(() => drop(id), tone === 'bad' ? STAYS * 1.5 : STAYS);
}

/** Why something did not work, for people. */
export function why({ status, reason, retryAfter }: Failure): string {
  return status === 0 ? words.value.notReached : retryAfter ? fill(words.value.tooMany, { n: retryAfter }) : reason || words.value.broken;
}

/** Says why something did not work, and what was tried. */
export function failed(what: string, failure: Failure): void {
  toast(`${what} ${why(failure)}`, { tone: 'bad' });
}

function drop(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="region" aria-label={words.value.news} aria-live="polite">
      {toasts.value.map(({ id, text, tone, action }) => (
        <div key={id} class={`toast ${tone}`}>
          {tone !== 'plain' && <Icon name={tone === 'good' ? 'circle-check' : 'triangle-alert'} size={18} />}
          <p>{text}</p>
          {action && (
            <Button
              kind="quiet"
              size="small"
              onClick={() => {
                drop(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <IconButton size="small" label={words.value.dismiss} icon="x" onClick={() => drop(id)} />
        </div>
      ))}
    </div>
  );
}
