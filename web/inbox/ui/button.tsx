import type { ComponentChildren, ButtonHTMLAttributes, AnchorHTMLAttributes, Ref } from 'preact';
import { classes } from './classes.ts';
import { Icon, type IconName } from './icon.tsx';

interface Look {
  /** One primary button in a view, if any. */
  kind?: 'primary' | 'secondary' | 'quiet' | 'danger';
  size?: 'small' | 'medium';
  icon?: IconName;
  children?: ComponentChildren;
}

type Props = Look & Omit<ButtonHTMLAttributes, 'size' | 'icon'> & { busy?: boolean; buttonRef?: Ref<HTMLButtonElement> };

export function Button({ kind = 'secondary', size = 'medium', icon, busy, buttonRef, children, class: more, ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      ref={buttonRef ?? null}
      class={classes('button', kind, size === 'small' && 'small', busy && 'busy', more as string)}
      aria-busy={busy ? 'true' : undefined}
      disabled={busy || rest.disabled}
    >
      {icon && <Icon name={icon} size={size === 'small' ? 16 : 18} />}
      {children && <span>{children}</span>}
    </button>
  );
}

/** A link that looks like a button. */
export function LinkButton({ kind = 'secondary', size = 'medium', icon, children, ...rest }: Look & Omit<AnchorHTMLAttributes, 'size' | 'icon' | 'role' | 'href'> & { href: string }) {
  return (
    <a {...(rest as { href: string })} class={classes('button', kind, size === 'small' && 'small')}>
      {icon && <Icon name={icon} size={size === 'small' ? 16 : 18} />}
      {children && <span>{children}</span>}
    </a>
  );
}

/** A button that is only an icon; the label is its name and its tooltip. */
export function IconButton({
  label,
  icon,
  pressed,
  size = 'medium',
  shortcut,
  buttonRef,
  class: more,
  ...rest
}: { label: string; icon: IconName; pressed?: boolean; size?: 'small' | 'medium'; shortcut?: string; buttonRef?: Ref<HTMLButtonElement> } & Omit<
  ButtonHTMLAttributes,
  'size' | 'icon' | 'label'
>) {
  return (
    <button
      type="button"
      {...rest}
      ref={buttonRef ?? null}
      class={classes('icon-button', size === 'small' && 'small', more as string)}
      aria-label={label}
      aria-pressed={pressed}
      aria-keyshortcuts={shortcut}
      title={shortcut ? `${label} (${shortcut})` : label}
    >
      <Icon name={icon} size={size === 'small' ? 16 : 20} />
    </button>
  );
}
