import type { ComponentChildren } from 'preact';
import { words } from '../i18n/index.ts';
import { classes } from './classes.ts';
import { Icon, type IconName } from './icon.tsx';

export function Badge({ tone = 'neutral', children }: { tone?: 'neutral' | 'accent' | 'good' | 'warn' | 'bad'; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** What stands where nothing is, and what to do about it. */
export function EmptyState({ icon, title, heading, children, action }: { icon: IconName; title: string; /** It is the whole page. */ heading?: boolean; children?: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={24} />
      </span>
      {heading ? <h1 class="empty-title">{title}</h1> : <p class="empty-title">{title}</p>}
      {children && <p class="empty-text">{children}</p>}
      {action}
    </div>
  );
}

/** Grey bars in the place of what is being loaded, of the same height, so that nothing jumps. */
export function Skeleton({ lines = 3, rows = false }: { lines?: number; rows?: boolean }) {
  return (
    <div class={classes('skeleton', rows && 'rows')} role="status">
      <span class="sr">{words.value.loading}</span>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} class="bar" aria-hidden="true" />
      ))}
    </div>
  );
}

export function Spinner({ label }: { label?: string }) {
  return (
    <span class="spinner" role="status">
      <Icon name="loader-circle" size={18} />
      <span class="sr">{label ?? words.value.loading}</span>
    </span>
  );
}

/** A page of settings or reports: a heading, what it is about, what can be done, and its cards. */
export function Page({ title, lead, actions, wide, children }: { title: string; lead?: ComponentChildren; actions?: ComponentChildren; wide?: boolean; children?: ComponentChildren }) {
  return (
    <div class={classes('page', wide && 'wide')}>
      <header class="page-head">
        <div>
          <h1>{title}</h1>
          {lead && <p>{lead}</p>}
        </div>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page with a heading of its own. */
export function Card({ title, lead, actions, children, flush }: { title?: string; lead?: ComponentChildren; actions?: ComponentChildren; children?: ComponentChildren; flush?: boolean }) {
  return (
    <section class={classes('card', flush && 'flush')}>
      {(title || actions) && (
        <div class="card-head">
          <div>
            {title && <h2>{title}</h2>}
            {lead && <p>{lead}</p>}
          </div>
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}
