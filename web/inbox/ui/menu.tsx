import type { ComponentChildren, Ref } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { classes } from './classes.ts';
import { Icon, type IconName } from './icon.tsx';

const GAP = 6;

interface PopoverProps {
  /** The button that opens it; it is given what makes it one. */
  trigger: (props: { onClick: (event: Event) => void; 'aria-expanded': boolean; 'aria-haspopup': 'menu' | 'dialog'; buttonRef: Ref<HTMLButtonElement> }) => ComponentChildren;
  align?: 'start' | 'end';
  label: string;
  kind?: 'menu' | 'dialog';
  class?: string;
  /** Told whenever it opens or closes. */
  onToggle?: (open: boolean) => void;
  children: (close: () => void) => ComponentChildren;
}

/** Something that opens beside its button, above everything, and closes by Escape or a click elsewhere. */
export function Popover({ trigger, align = 'start', label, kind = 'dialog', class: more, onToggle, children }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const close = () => box.current?.hidePopover();

  useEffect(() => {
    const popover = box.current;
    if (!open || !popover) return;
    popover.showPopover();
    beside(button.current!, popover, align);
    const again = () => beside(button.current!, popover, align);
    window.addEventListener('resize', again);
    const first = popover.querySelector<HTMLElement>('[autofocus], input, [role^=menuitem], button, a, select, textarea');
    first?.focus();
    return () => window.removeEventListener('resize', again);
  }, [open]);

  return (
    <>
      {trigger({
        buttonRef: button,
        'aria-expanded': open,
        'aria-haspopup': kind,
        onClick: () => {
          onToggle?.(!open);
          setOpen(!open);
        },
      })}
      {open && (
        <div
          ref={box}
          popover="auto"
          role={kind}
          aria-label={label}
          class={classes('popover', more)}
          onToggle={(event) => {
            if (event.newState !== 'closed') return;
            // Who has closed it from inside goes on at the button; who clicked elsewhere is there.
            const inside = box.current?.contains(document.activeElement) || document.activeElement === document.body;
            setOpen(false);
            onToggle?.(false);
            if (inside) button.current?.focus();
          }}
        >
          {children(close)}
        </div>
      )}
    </>
  );
}

/** Puts it below its button, or above where there is no room, and always inside the window. */
function beside(button: HTMLElement, box: HTMLElement, align: 'start' | 'end'): void {
  const anchor = button.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const rtl = document.documentElement.dir === 'rtl';
  const left = (align === 'start') !== rtl ? anchor.left : anchor.right - width;
  const below = anchor.bottom + GAP + height <= innerHeight - GAP;
  const top = below || anchor.top < height + GAP ? anchor.bottom + GAP : anchor.top - GAP - height;
  box.style.setProperty('left', `${Math.max(GAP, Math.min(left, innerWidth - width - GAP))}px`);
  box.style.setProperty('top', `${Math.max(GAP, Math.min(top, innerHeight - height - GAP))}px`);
}

export type MenuItem =
  | {
      label: string;
      icon?: IconName;
      hint?: ComponentChildren;
      danger?: boolean;
      disabled?: boolean;
      /** A tick before it: one of several that are on or off. */
      checked?: boolean;
      run: () => void;
    }
  | 'line';

/** A button's menu: arrow keys, Home, End and first letters find an item. */
export function Menu({ items, head, ...rest }: Omit<PopoverProps, 'children' | 'kind'> & { items: readonly MenuItem[]; head?: ComponentChildren }) {
  const id = useId();
  const typed = useRef({ text: '', at: 0 });

  const find = (event: KeyboardEvent) => {
    const all = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role^=menuitem]:not([disabled])')];
    const at = all.indexOf(document.activeElement as HTMLElement);
    let next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined && event.key.length === 1 && event.key !== ' ') {
      const now = Date.now();
      const fresh = now - typed.current.at > 700;
      typed.current = { text: (fresh ? '' : typed.current.text) + event.key.toLocaleLowerCase(), at: now };
      const from = fresh ? at + 1 : at;
      const found = all.findIndex((_, i) => all[(from + i) % all.length]!.innerText.trim().toLocaleLowerCase().startsWith(typed.current.text));
      next = found < 0 ? undefined : (from + found) % all.length;
    }
    if (event.key === 'Tab') event.preventDefault();
    if (next === undefined) return;
    event.preventDefault();
    all.at(next % all.length)?.focus();
  };

  return (
    <Popover {...rest} kind="menu">
      {(close) => (
        <div role="presentation" onKeyDown={find}>
          {head}
          {items.map((item, i) =>
            item === 'line' ? (
              <hr key={`${id}${i}`} role="separator" />
            ) : (
              <button
                key={`${id}${i}`}
                type="button"
                role={item.checked === undefined ? 'menuitem' : 'menuitemradio'}
                aria-checked={item.checked}
                tabIndex={-1}
                class={item.danger ? 'danger' : undefined}
                disabled={item.disabled}
                onClick={() => {
                  close();
                  item.run();
                }}
              >
                {item.icon && <Icon name={item.icon} size={18} />}
                <span>{item.label}</span>
                {item.checked && <Icon name="check" size={16} />}
                {item.hint && <small>{item.hint}</small>}
              </button>
            ),
          )}
        </div>
      )}
    </Popover>
  );
}
