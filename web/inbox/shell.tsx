// The frame of the page: navigation at the side, or at the bottom of a phone, and in it whatever the address names.

import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { me, api, signInAgain } from './api.ts';
import { fill, LANGUAGES, words, type LanguageCode } from './i18n/index.ts';
import { PAGES, type PageEntry } from './pages.ts';
import { behind, go, HOME, place } from './router.ts';
import { may, prefer, preferences } from './session.ts';
import { online } from './socket.ts';
import { Avatar, Button, EmptyState, failed, Icon, LinkButton, Menu, Skeleton, toast, type MenuItem } from './ui/index.ts';
import { allowNotifications, ping } from './conversations/notify.ts';
import { helpOpen, paletteOpen } from './conversations/shortcuts.ts';
import { Questions } from './ui/dialog.tsx';
import { Toasts } from './ui/toast.tsx';
import type { IconName } from './ui/icons.ts';

/** The pages that this person may see. */
export function visiblePages(section: PageEntry['section']): PageEntry[] {
  return PAGES.filter((page) => page.section === section && (!page.needs || may(page.needs)));
}

/** The page that a path leads to, and what stands behind it. The longest path counts. */
function pageAt(path: string): { page: PageEntry; rest: string } | null {
  let found: { page: PageEntry; rest: string } | null = null;
  for (const page of PAGES) {
    const rest = behind(page.path, path);
    if (rest !== null && (!found || page.path.length > found.page.path.length)) found = { page, rest };
  }
  return found;
}

export function Shell({ conversations: Conversations }: { conversations: ComponentType }) {
  const { path } = place.value;
  const atConversations = path === HOME || behind(`${HOME}/c`, path) !== null;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        {words.value.skip}
      </a>
      <div class="shell">
        <Navigation />
        <main id="main" tabIndex={-1}>
          {!online.value && (
            <p class="banner" role="status">
              <Icon name="wifi-off" size={18} />
              {words.value.offline}
            </p>
          )}
          {atConversations ? <Conversations /> : <OtherPage path={path} />}
        </main>
      </div>
      {paletteOpen.value && <Lazy load={() => import('./conversations/palette.tsx')} />}
      {helpOpen.value && <Lazy load={() => import('./conversations/help.tsx')} />}
      <Toasts />
      <Questions />
    </>
  );
}

/** A dialog that comes over the wire when it is opened for the first time. */
function Lazy({ load }: { load: () => Promise<{ default: ComponentType }> }) {
  const loaded = useSignal<ComponentType | null>(null);
  useEffect(() => {
    load().then(
      (module) => (loaded.value = module.default),
      () => toast(words.value.notLoaded, { tone: 'bad' }),
    );
  }, []);
  const Loaded = loaded.value;
  return Loaded && <Loaded />;
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function OtherPage({ path }: { path: string }) {
  const found = pageAt(path);
  const settings = visiblePages('settings');
  const first = settings[0];
  useEffect(() => {
    if (path === `${HOME}/settings` && first && matchMedia('(min-width: 768px)').matches) void go(first.path, 'replace');
  }, [path, first]);
  useEffect(() => {
    const title = found?.page.title(words.value) ?? words.value.inbox;
    document.title = `${title} – Parlor`;
  });
  if (path === `${HOME}/settings`) return <div class="settings at-list"><SettingsList pages={settings} path={path} /></div>;
  if (!found) return <Nowhere text={words.value.notFound} />;
  const { page, rest } = found;
  if (page.needs && !may(page.needs)) return <Nowhere text={words.value.mayNot} />;
  const body = <LazyPage key={page.path} page={page} rest={rest} />;
  if (page.section !== 'settings') return <div class="scroller">{body}</div>;
  return (
    <div class="settings">
      <SettingsList pages={settings} path={page.path} />
      <div class="scroller">
        <a class="up" href={`${HOME}/settings`}>
          <Icon name="chevron-left" size={18} />
          {words.value.settings}
        </a>
        {body}
      </div>
    </div>
  );
}

function Nowhere({ text }: { text: string }) {
  return <EmptyState icon="map-pin" heading title={text} action={<LinkButton href={HOME}>{words.value.backToInbox}</LinkButton>} />;
}

function SettingsList({ pages, path }: { pages: PageEntry[]; path: string }) {
  const groups = new Map<string, PageEntry[]>();
  for (const page of pages) {
    const group = page.group?.(words.value) ?? '';
    groups.set(group, [...(groups.get(group) ?? []), page]);
  }
  return (
    <nav class="settings-list" aria-label={words.value.settings}>
      <h2>{words.value.settings}</h2>
      {[...groups].map(([group, pages]) => (
        <div key={group} role="group" aria-label={group || words.value.settings}>
          {group && <h3>{group}</h3>}
          <ul>
            {pages.map((page) => (
              <li key={page.path}>
                <a href={page.path} aria-current={page.path === path ? 'page' : undefined}>
                  <Icon name={page.icon} size={18} />
                  {page.title(words.value)}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

/** A page that comes over the wire: until it is there its place is kept, and when it does not come, it is asked for again. */
function LazyPage({ page, rest }: { page: PageEntry; rest: string }) {
  const loaded = useSignal<ComponentType<{ rest: string }> | null>(null);
  const broken = useSignal(false);
  const load = () => {
    broken.value = false;
    page.load().then(
      (module) => (loaded.value = module.default),
      () => (broken.value = true),
    );
  };
  useEffect(load, [page]);
  if (broken.value) {
    return <EmptyState icon="triangle-alert" title={words.value.notLoaded} action={<Button onClick={load}>{words.value.retry}</Button>} />;
  }
  const Loaded = loaded.value;
  if (!Loaded) return <div class="page"><Skeleton lines={6} /></div>;
  return <Loaded rest={rest} />;
}

function Navigation() {
  const { path } = place.value;
  const settings = visiblePages('settings');
  const inSettings = behind(`${HOME}/settings`, path) !== null;
  const atConversations = path === HOME || behind(`${HOME}/c`, path) !== null;
  return (
    <nav class="rail" aria-label={words.value.navigation}>
      <span class="mark" aria-hidden="true">
        <svg viewBox="0 0 32 32" width="28" height="28">
          <path d="M9 4h14a7 7 0 0 1 7 7v6a7 7 0 0 1-7 7h-7.5l-6.2 4.6A.8.8 0 0 1 8 28v-4.1A7 7 0 0 1 2 17v-6a7 7 0 0 1 7-7Z" />
        </svg>
      </span>
      <ul>
        <Way to={HOME} icon="messages-square" label={words.value.inbox} current={atConversations} />
        {visiblePages('reports').map((page) => (
          <Way key={page.path} to={page.path} icon={page.icon} label={page.title(words.value)} current={behind(page.path, path) !== null} />
        ))}
        {settings.length > 0 && <Way to={`${HOME}/settings`} icon="settings" label={words.value.settings} current={inSettings} />}
      </ul>
      <Person />
    </nav>
  );
}

function Way({ to, icon, label, current }: { to: string; icon: IconName; label: string; current: boolean }) {
  return (
    <li>
      <a href={to} aria-current={current ? 'page' : undefined} title={label}>
        <Icon name={icon} size={20} />
        <span>{label}</span>
      </a>
    </li>
  );
}

/** The person's own menu. */
function Person() {
  const person = me.value;
  if (!person) return null;
  const { theme, language } = preferences.value;
  const w = words.value;
  const choose = async (changes: Parameters<typeof prefer>[0]) => {
    const answer = await prefer(changes);
    if (!answer.ok) failed(w.notSaved, answer);
  };
  const hearing = () => {
    const sound = !preferences.peek().sound;
    if (sound) ping();
    return choose({ sound });
  };
  const noticing = async () => {
    const notifications = !preferences.peek().notifications;
    if (notifications && !(await allowNotifications())) return toast(w.notificationsForbidden, { tone: 'bad' });
    return choose({ notifications });
  };
  const themes = [
    { id: 'system', label: w.themeSystem, icon: 'monitor' },
    { id: 'light', label: w.themeLight, icon: 'sun' },
    { id: 'dark', label: w.themeDark, icon: 'moon' },
  ] as const;
  const items: MenuItem[] = [
    ...themes.map(({ id, label, icon }) => ({ label, icon, checked: theme === id, run: () => void choose({ theme: id }) })),
    'line',
    { label: w.languageAuto, icon: 'languages', checked: language === 'auto', run: () => void choose({ language: 'auto' }) },
    ...(Object.entries(LANGUAGES) as [LanguageCode, string][]).map(([code, label]) => ({
      label,
      icon: 'globe' as const,
      checked: language === code,
      run: () => void choose({ language: code }),
    })),
    'line',
    { label: w.sound, icon: 'volume-2', checked: preferences.value.sound, run: () => void hearing() },
    { label: w.notifications, icon: 'bell', checked: preferences.value.notifications, run: () => void noticing() },
    { label: w.shortcuts, icon: 'keyboard', hint: '?', run: () => (helpOpen.value = true) },
    'line',
    { label: w.signOut, icon: 'log-out', run: () => void signOut() },
  ];
  return (
    <Menu
      label={fill(w.signedInAs, { name: person.name })}
      align="start"
      class="person-menu"
      items={items}
      head={
        <div class="menu-head">
          <b dir="auto">{person.name}</b>
          <span>{person.email}</span>
        </div>
      }
      trigger={({ buttonRef, ...props }) => (
        <button ref={buttonRef} type="button" class="person" {...props}>
          <Avatar name={person.name} id={person.id} size={32} online={online.value} />
          <span>{w.you}</span>
          <span class="sr">{fill(w.signedInAs, { name: person.name })}</span>
        </button>
      )}
    />
  );
}

async function signOut(): Promise<void> {
  const answer = await api.post('/auth/logout', {});
  if (answer.ok || answer.status === 401) signInAgain();
  else failed(words.value.signOut, answer);
}
