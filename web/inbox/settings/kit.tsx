// What every page of set-up is made of: something loaded, a form over it, and secrets that are shown once.

import { signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Failure, Result } from '../api.ts';
import { words } from '../i18n/index.ts';
import { guardLeaving } from '../router.ts';
import { hear } from '../socket.ts';
import { ask, Button, Dialog, EmptyState, Icon, Skeleton, toast, why } from '../ui/index.ts';
import { words as own } from './words.ts';

type What = 'channels' | 'assistants' | 'team' | 'canned_replies' | 'account';

/** How often something has been changed since this page was opened, by anybody. */
const news = signal<Partial<Record<What, number>>>({});

hear<{ what: What }>('inbox_changed', ({ what }) => {
  news.value = { ...news.value, [what]: (news.value[what] ?? 0) + 1 };
});

export interface Loaded<T> {
  value: T | null;
  failure: Failure | null;
  put: (value: T) => void;
  again: () => void;
}

/** Loads when the page opens, whenever `key` changes, and when somebody has changed it. */
export function useLoaded<T>(load: () => Promise<Result<T>>, key = '', what?: What): Loaded<T> {
  const value = useSignal<T | null>(null);
  const failure = useSignal<Failure | null>(null);
  const turn = useRef(0);
  const changed = what ? (news.value[what] ?? 0) : 0;
  const again = () => {
    const mine = ++turn.current;
    void load().then((answer) => {
      if (mine !== turn.current) return;
      failure.value = answer.ok ? null : answer;
      if (answer.ok) value.value = answer.value;
    });
  };
  useEffect(again, [key, changed]);
  return {
    value: value.value,
    failure: failure.value,
    put: (next) => {
      turn.current++;
      value.value = next;
    },
    again,
  };
}

/** What was loaded, or the place where it will be, or why it is not there. */
export function Shown<T>({ of, rows, children }: { of: Loaded<T>; rows?: boolean; children: (value: T) => ComponentChildren }) {
  if (of.value !== null) return <>{children(of.value)}</>;
  if (!of.failure) return <Skeleton lines={rows ? 4 : 6} rows={rows ?? false} />;
  return (
    <EmptyState icon="triangle-alert" title={of.failure.status === 404 ? own.value.gone : words.value.notLoaded} action={<Button onClick={of.again}>{words.value.retry}</Button>}>
      {of.failure.status === 404 ? null : why(of.failure)}
    </EmptyState>
  );
}

/** Each says whether it still has something to lose. */
const unsaved = new Set<() => boolean>();

async function leaving(): Promise<boolean> {
  // What has just been saved is not drawn yet.
  if (![...unsaved].some((still) => still())) return true;
  const w = words.value;
  return ask({ title: w.leaveTitle, text: w.leaveText, yes: w.leave, danger: true });
}

function hold(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** What the forms of this page are about is gone: there is nothing to save any more. */
export function nothingToSave(): void {
  unsaved.clear();
}

/** Asks before somebody leaves while there is something to lose. */
export function useUnsaved(dirty: boolean, still: () => boolean): void {
  useEffect(() => {
    if (!dirty) return;
    unsaved.add(still);
    guardLeaving(leaving);
    addEventListener('beforeunload', hold);
    return () => {
      unsaved.delete(still);
      if (unsaved.size) return;
      guardLeaving(undefined);
      removeEventListener('beforeunload', hold);
    };
  }, [dirty]);
}

export interface Form<T> {
  draft: T;
  set: (changes: Partial<T>) => void;
  /** What is wrong with a field. */
  error: (field: keyof T & string) => string | undefined;
  /** What is wrong, and with no field of the form. */
  whole: string | undefined;
  complain: (field: keyof T & string, text: string) => void;
  dirty: boolean;
  busy: boolean;
  discard: () => void;
  /** What the server has now. */
  keep: (value: T) => void;
  /** Sends it; whether it was taken. */
  send: <V>(run: (draft: T) => Promise<Result<V>>) => Promise<Result<V>>;
}

/** The fields of a form: what is saved, what has been changed, and what the server says of it. */
export function useForm<T extends object>(initial: T, { guarded = true } = {}): Form<T> {
  const saved = useSignal(initial);
  const draft = useSignal(initial);
  const errors = useSignal<Record<string, string>>({});
  const busy = useSignal(false);
  const differs = () => JSON.stringify(draft.peek()) !== JSON.stringify(saved.peek());
  const dirty = draft.value !== saved.value && differs();
  useUnsaved(guarded && dirty, differs);
  return {
    draft: draft.value,
    set: (changes) => {
      draft.value = { ...draft.value, ...changes };
      errors.value = Object.fromEntries(Object.entries(errors.value).filter(([field]) => field && !(field in changes)));
    },
    error: (field) => errors.value[field],
    whole: errors.value[''],
    complain: (field, text) => {
      errors.value = { ...errors.value, [field]: text };
    },
    dirty,
    busy: busy.value,
    discard: () => {
      draft.value = saved.value;
      errors.value = {};
    },
    keep: (value) => {
      saved.value = draft.value = value;
      errors.value = {};
    },
    send: async (run) => {
      busy.value = true;
      errors.value = {};
      const sent = draft.value;
      const answer = await run(sent);
      busy.value = false;
      if (answer.ok) saved.value = sent;
      else errors.value = placed(answer, Object.keys(initial));
      return answer;
    },
  };
}

/** Puts a refusal beside the field that it names: `name must have …`, `settings.hours.week.mon[0] must …`. */
export function placed(failure: Failure, fields: readonly string[]): Record<string, string> {
  const text = why(failure);
  const named = failure.status >= 400 && failure.status < 500 ? /^(?:settings\.)?([a-z_]+)([\w.[\]-]*) (.+)$/s.exec(text) : null;
  if (!named || !fields.includes(named[1]!)) return { '': text };
  const [, field, deeper, problem] = named;
  return { [field!]: deeper ? text.replace(/^settings\./, '') : problem!.charAt(0).toLocaleUpperCase() + problem!.slice(1) };
}

/** A form with its buttons. Whoever may not change it sees it, and why. */
export function FormOf<T>({
  form,
  send,
  locked,
  save,
  always,
  extra,
  children,
}: {
  form: Form<T>;
  send: () => void;
  locked?: boolean;
  save?: string;
  /** It can be sent as it is: a form that makes something. */
  always?: boolean;
  extra?: ComponentChildren;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (!form.busy) element.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
  }, [form.busy]);
  return (
    <form
      ref={element}
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {locked && <Locked />}
      <fieldset class="form" disabled={locked}>
        {children}
      </fieldset>
      {form.whole && <Alert tone="bad">{form.whole}</Alert>}
      {!locked && (
        <div class="form-end">
          {extra}
          {!always && form.dirty && (
            <Button kind="quiet" onClick={form.discard}>
              {words.value.discard}
            </Button>
          )}
          <Button type="submit" kind="primary" busy={form.busy} disabled={!always && !form.dirty}>
            {save ?? words.value.save}
          </Button>
        </div>
      )}
    </form>
  );
}

/** Said to whoever may look and not touch. */
export function Locked() {
  return <Alert tone="plain">{own.value.readOnly}</Alert>;
}

export function Alert({ tone, children }: { tone: 'plain' | 'warn' | 'bad' | 'good'; children: ComponentChildren }) {
  const icon = tone === 'plain' ? 'info' : tone === 'good' ? 'circle-check' : 'triangle-alert';
  return (
    <div class={`alert ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={icon} size={18} />
      <div>{children}</div>
    </div>
  );
}

/** Puts a text into the clipboard, also where the page has no secure address. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  toast(words.value.copied, { tone: 'good' });
}

/** A text to be taken elsewhere. */
export function CopyField({ label, value, hint, onCopied, kind = 'secondary' }: { label: string; value: string; hint?: ComponentChildren; onCopied?: () => void; kind?: 'primary' | 'secondary' }) {
  return (
    <div class="field">
      <span class="label">{label}</span>
      <div class="copy">
        <code tabIndex={0} role="textbox" aria-readonly="true" aria-label={label} dir="ltr">
          {value}
        </code>
        <Button
          kind={kind}
          icon="copy"
          onClick={() => {
            void copy(value);
            onCopied?.();
          }}
        >
          {words.value.copy}
        </Button>
      </div>
      {hint && <p class="field-hint">{hint}</p>}
    </div>
  );
}

/** Something that the server shows once: it is gone when this is closed. */
export function ShownOnce({ title, label, value, lead, onClose, children }: { title: string; label: string; value: string; lead: string; onClose: () => void; children?: ComponentChildren }) {
  return (
    <Dialog
      open
      title={title}
      lead={lead}
      onClose={onClose}
      footer={
        <Button kind="primary" onClick={onClose}>
          {own.value.copiedIt}
        </Button>
      }
    >
      <CopyField label={label} value={value} />
      {children}
    </Dialog>
  );
}
