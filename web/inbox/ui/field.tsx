import type { ComponentChildren, InputHTMLAttributes, SelectHTMLAttributes, TextareaHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';
import { classes } from './classes.ts';

interface Said {
  label: string;
  hint?: ComponentChildren;
  /** What is wrong with it. */
  error?: string | null | undefined;
  /** The label is for screen readers only. */
  bare?: boolean;
}

/** What a field gives to the control in it. */
export interface Control {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': 'true' | undefined;
}

/** A label, a control, and what is to be said of it. */
export function Field({ label, hint, error, bare, children }: Said & { children: (control: Control) => ComponentChildren }) {
  const id = useId();
  const about = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id} class={bare ? 'sr' : undefined}>
        {label}
      </label>
      {children({ id, 'aria-describedby': about || undefined, 'aria-invalid': error ? 'true' : undefined })}
      {error && (
        <p class="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

type Input = Said & Omit<InputHTMLAttributes, 'label' | 'onInput' | 'value' | 'role'> & { value: string; onValue: (value: string) => void };

export function TextField({ label, hint, error, bare, value, onValue, class: more, ...rest }: Input) {
  return (
    <Field label={label} hint={hint} error={error} bare={bare ?? false}>
      {(control) => <input type="text" {...(rest as object)} {...control} class={classes('input', more as string)} value={value} onInput={(event) => onValue(event.currentTarget.value)} />}
    </Field>
  );
}

export function TextArea({
  label,
  hint,
  error,
  bare,
  value,
  onValue,
  ...rest
}: Said & Omit<TextareaHTMLAttributes, 'label' | 'onInput' | 'value'> & { value: string; onValue: (value: string) => void }) {
  return (
    <Field label={label} hint={hint} error={error} bare={bare ?? false}>
      {(control) => <textarea rows={4} {...rest} {...control} class="input" value={value} onInput={(event) => onValue(event.currentTarget.value)} />}
    </Field>
  );
}

export function Select({
  label,
  hint,
  error,
  bare,
  value,
  onValue,
  options,
  ...rest
}: Said &
  Omit<SelectHTMLAttributes, 'label' | 'onChange' | 'value' | 'role'> & { value: string; onValue: (value: string) => void; options: readonly { value: string; label: string }[] }) {
  return (
    <Field label={label} hint={hint} error={error} bare={bare ?? false}>
      {(control) => (
        <select {...(rest as object)} {...control} class="input" value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface Choice {
  label: ComponentChildren;
  hint?: ComponentChildren;
  checked: boolean;
  disabled?: boolean;
  onChecked: (checked: boolean) => void;
}

function Tick({ role, label, hint, checked, disabled, onChecked }: Choice & { role?: 'switch' }) {
  const id = useId();
  return (
    <div class={classes('tick', role)}>
      <input
        id={id}
        type="checkbox"
        role={role}
        checked={checked}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChecked(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{label}</label>
        {hint && (
          <p class="field-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

/** Counts once the form is sent. */
export function Checkbox(props: Choice) {
  return <Tick {...props} />;
}

/** Counts at once. */
export function Switch(props: Choice) {
  return <Tick role="switch" {...props} />;
}
