import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { words } from '../i18n/index.ts';
import { Button, IconButton } from './button.tsx';
import { classes } from './classes.ts';

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  lead?: ComponentChildren;
  size?: 'small' | 'medium' | 'large';
  /** The buttons at the end, the one that goes on last. */
  footer?: ComponentChildren;
  children?: ComponentChildren;
  /** Without a heading and a button to close: what is in it says what it is. */
  plain?: boolean;
}

/** A dialog: what is behind it is out of reach until it is closed, by Escape too. */
export function Dialog({ open, ...rest }: Props) {
  return open ? <OpenDialog {...rest} /> : null;
}

function OpenDialog({ onClose, title, lead, size = 'medium', footer, children, plain }: Omit<Props, 'open'>) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current!;
    const before = document.activeElement;
    dialog.showModal();
    // Where somebody goes on: the first field, or the button that changes nothing.
    dialog.querySelector<HTMLElement>('[autofocus], input:not([type=hidden]), textarea, select, .dialog-foot button')?.focus();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={classes('dialog', size, plain && 'plain')}
      aria-labelledby={plain ? undefined : id}
      aria-label={plain ? title : undefined}
      onCancel={(event) => {
        if (event.target !== element.current) return;
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => event.target === element.current && onClose()}
    >
      <div class="dialog-body">
        {!plain && (
          <header class="dialog-head">
            <h2 id={id}>{title}</h2>
            <IconButton label={words.value.close} icon="x" onClick={onClose} />
          </header>
        )}
        {lead && <p class="dialog-lead">{lead}</p>}
        {children}
        {footer && <footer class="dialog-foot">{footer}</footer>}
      </div>
    </dialog>
  );
}

interface Question {
  title: string;
  text: ComponentChildren;
  yes: string;
  danger: boolean;
  answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);

/** Asks before something that cannot be taken back. */
export function ask(asked: { title: string; text: ComponentChildren; yes: string; danger?: boolean }): Promise<boolean> {
  question.value?.answer(false);
  return new Promise((resolve) => {
    const answer = (yes: boolean) => {
      question.value = null;
      resolve(yes);
    };
    question.value = { danger: false, ...asked, answer };
  });
}

/** Where `ask` asks; once in the page. */
export function Questions() {
  const asked = question.value;
  if (!asked) return null;
  return (
    <Dialog
      open
      size="small"
      title={asked.title}
      lead={asked.text}
      onClose={() => asked.answer(false)}
      footer={
        <>
          <Button onClick={() => asked.answer(false)}>{words.value.cancel}</Button>
          <Button kind={asked.danger ? 'danger' : 'primary'} onClick={() => asked.answer(true)}>
            {asked.yes}
          </Button>
        </>
      }
    />
  );
}
