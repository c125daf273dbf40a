// Everything by its name: what can be done with the conversation that is open, where one can go, and conversations by their words.

import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { api } from '../api.ts';
import { fill, LANGUAGES, plural, words, type LanguageCode } from '../i18n/index.ts';
import { go, HOME } from '../router.ts';
import { prefer } from '../session.ts';
import { Dialog, Icon } from '../ui/index.ts';
import type { IconName } from '../ui/icons.ts';
import type { InboxConversation } from '../wire.ts';
import { visiblePages } from '../shell.tsx';
import { assign, block, claim, handToAssistant, mayAnswer, reopen, resolve, wake } from './act.ts';
import { assistantName, contactName } from './names.ts';
import { helpOpen, paletteOpen, press } from './shortcuts.ts';
import { address, myId, team, thread } from './store.ts';

interface Command {
  id: string;
  icon: IconName;
  label: string;
  /** What it is said of, or where it leads. */
  hint?: string;
  key?: string;
  run: () => void;
}

const SEARCH_AFTER = 200;
const MOST_FOUND = 6;
const MOST_SHOWN = 60;

export default function Palette() {
  const w = words.value;
  const typed = useSignal('');
  const chosen = useSignal(0);
  const found = useSignal<InboxConversation[]>([]);
  const id = useId();
  const list = useRef<HTMLUListElement>(null);

  useEffect(() => {
    const wanted = typed.value.trim();
    chosen.value = 0;
    if (wanted.length < 2) {
      found.value = [];
      return;
    }
    let over = false;
    const timer = setTimeout(async () => {
      const answer = await api.get<InboxConversation[]>('/api/inbox/conversations/', { view: 'all', search: wanted, limit: MOST_FOUND });
      if (!over && answer.ok) found.value = answer.value;
    }, SEARCH_AFTER);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [typed.value]);

  const all = useComputed(() => commands());
  const wanted = typed.value.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fits = all.value.filter(({ label, hint }) => wanted.every((word) => `${label} ${hint ?? ''}`.toLocaleLowerCase().includes(word)));
  const conversations: Command[] = found.value.map((conversation) => ({
    id: conversation.id,
    icon: 'message-square',
    label: contactName(conversation.contact),
    hint: conversation.last_message?.preview ?? '',
    run: () => void go(address(conversation.id)),
  }));
  const shown = [...fits, ...conversations].slice(0, MOST_SHOWN);

  const run = (command: Command | undefined) => {
    if (!command) return;
    paletteOpen.value = false;
    // Once the dialog has given the focus back.
    setTimeout(command.run);
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Enter') run(shown[chosen.peek()]);
    else if (step && shown.length) {
      chosen.value = (chosen.peek() + step + shown.length) % shown.length;
      list.current?.children[chosen.peek()]?.scrollIntoView({ block: 'nearest' });
    } else return;
    event.preventDefault();
  };

  return (
    <Dialog open plain title={w.commands} onClose={() => (paletteOpen.value = false)}>
      <div class="palette">
        <div class="palette-search">
          <Icon name="search" size={18} />
          <input
            autofocus
            role="combobox"
            aria-label={w.commandsHint}
            aria-expanded={shown.length > 0}
            aria-controls={id}
            aria-activedescendant={shown.length ? `${id}-${chosen.value}` : undefined}
            aria-autocomplete="list"
            placeholder={w.commandsHint}
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
            onKeyDown={keys}
          />
        </div>
        <ul ref={list} id={id} role="listbox" aria-label={w.commands}>
          {shown.map((command, i) => (
            <li key={command.id} id={`${id}-${i}`} role="option" aria-selected={i === chosen.value} onClick={() => run(command)} onMouseMove={() => (chosen.value = i)}>
              <Icon name={command.icon} size={18} />
              <span dir="auto">{command.label}</span>
              {command.hint && <small dir="auto">{command.hint}</small>}
              {command.key && <kbd>{command.key}</kbd>}
            </li>
          ))}
        </ul>
        <p class={shown.length ? 'sr' : 'offer-none'} role="status">
          {shown.length ? plural(w.offered, shown.length) : w.nothingFound}
        </p>
      </div>
    </Dialog>
  );
}

function commands(): Command[] {
  const w = words.value;
  const all: Command[] = [];
  const open = thread.value?.conversation;
  if (open && mayAnswer()) {
    const hint = contactName(open.contact);
    const add = (id: string, icon: IconName, label: string, run: () => void, key?: string) => all.push({ id, icon, label, hint, run, ...(key ? { key } : {}) });
    if (open.status === 'resolved') add('reopen', 'rotate-ccw', w.reopen, () => void reopen(open), 'e');
    else {
      add('resolve', 'circle-check', w.resolve, () => void resolve(open), 'e');
      if (open.assignee_id !== myId()) add('claim', 'user', w.claim, () => void (open.assignee_id ? assign(open, myId()) : claim(open)), open.assignee_id ? undefined : 'c');
      if (open.assignee_id) add('release', 'x', w.release, () => void assign(open, null));
      if (open.answering !== 'assistant') add('hand', 'bot', fill(w.handTo, { name: assistantName(open.assistant_id) }), () => void handToAssistant(open));
      add('snooze', 'alarm-clock', w.snooze, () => press('s'), 's');
      if (open.status === 'snoozed') add('wake', 'sun', w.wake, () => void wake(open));
      add('tag', 'tag', w.addTag, () => press('t'), 't');
      for (const { id, name, role } of team.value) {
        if (id !== myId() && role !== 'viewer' && id !== open.assignee_id) add(`assign ${id}`, 'user-plus', fill(w.assignToName, { name }), () => void assign(open, id));
      }
    }
    add('reply', 'reply', w.reply, () => press('r'), 'r');
    add('note', 'sticky-note', w.privateNote, () => press('n'), 'n');
    add('panel', 'panel-right', w.contactDetails, () => press('i'), 'i');
    add('block', 'ban', open.contact.blocked ? w.unblock : w.block, () => void block(open));
  }
  const to = (path: string, icon: IconName, label: string, hint: string, key?: string) => all.push({ id: path, icon, label, hint, run: () => void go(path), ...(key ? { key } : {}) });
  to(address(null, { view: 'mine', status: 'open', search: '' }), 'inbox', w.mine, w.conversations, '1');
  to(address(null, { view: 'unassigned', status: 'open', search: '' }), 'inbox', w.unassigned, w.conversations, '2');
  to(address(null, { view: 'all', status: 'open', search: '' }), 'inbox', w.all, w.conversations, '3');
  to(address(null, { view: 'mentions', search: '' }), 'at-sign', w.mentions, w.conversations, '4');
  to(address(null, { view: 'all', status: 'snoozed', search: '' }), 'alarm-clock', w.statuses.snoozed, w.conversations);
  to(address(null, { view: 'all', status: 'resolved', search: '' }), 'circle-check', w.statuses.resolved, w.conversations);
  for (const section of ['reports', 'settings'] as const) {
    for (const page of visiblePages(section)) to(page.path, page.icon, page.title(w), section === 'settings' ? w.settings : w.reports);
  }
  to(`${HOME}/settings`, 'settings', w.settings, '');
  all.push({ id: 'keys', icon: 'keyboard', label: w.shortcuts, key: '?', run: () => (helpOpen.value = true) });
  for (const [theme, icon, label] of [
    ['system', 'monitor', w.themeSystem],
    ['light', 'sun', w.themeLight],
    ['dark', 'moon', w.themeDark],
  ] as const) {
    all.push({ id: `theme ${theme}`, icon, label, hint: w.theme, run: () => void prefer({ theme }) });
  }
  for (const [code, name] of Object.entries(LANGUAGES)) {
    all.push({ id: `language ${code}`, icon: 'languages', label: name, hint: w.language, run: () => void prefer({ language: code as LanguageCode }) });
  }
  return all;
}
