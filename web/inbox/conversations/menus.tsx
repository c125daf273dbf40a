// What an agent chooses for a conversation: who has it, when it comes back, what it is about.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { fill, words, dates } from '../i18n/index.ts';
import { present } from '../socket.ts';
import { Avatar, Button, Dialog, Icon, IconButton, Menu, Popover, TextField, type MenuItem } from '../ui/index.ts';
import type { InboxConversation } from '../wire.ts';
import { assign, claim, handToAssistant, setTags, snooze, wake } from './act.ts';
import { assigneeName, assistantName } from './names.ts';
import { loadTags, myId, team } from './store.ts';

const MOST_TAGS = 20;
const LONGEST_TAG = 50;

export function AssignMenu({ conversation }: { conversation: InboxConversation }) {
  const w = words.value;
  const { assignee_id, answering, status } = conversation;
  const name = assigneeName(conversation);
  const me = myId();
  const others = team.value.filter(({ id, role }) => id !== me && role !== 'viewer');
  const online = (id: string) => present.value.has(id);
  others.sort((a, b) => Number(online(b.id)) - Number(online(a.id)) || a.name.localeCompare(b.name));
  const items: MenuItem[] = [
    { label: w.meMyself, icon: 'user', checked: assignee_id === me, run: () => void (assignee_id ? assign(conversation, me) : claim(conversation)) },
    ...others.map(({ id, name }) => ({ label: name, icon: 'user' as const, checked: assignee_id === id, hint: online(id) ? w.online : undefined, run: () => void assign(conversation, id) })),
    'line',
    { label: w.nobody, icon: 'x', checked: !assignee_id, run: () => void assign(conversation, null) },
    { label: fill(w.handTo, { name: assistantName(conversation.assistant_id) }), icon: 'bot', disabled: answering === 'assistant', run: () => void handToAssistant(conversation) },
  ];
  return (
    <Menu
      label={w.assignTo}
      items={items}
      trigger={({ buttonRef, ...props }) => (
        <button
          ref={buttonRef}
          type="button"
          class="chip"
          aria-keyshortcuts="a"
          title={`${w.assignTo} (a)`}
          disabled={status === 'resolved'}
          {...props}
        >
          {assignee_id ? (
            <Avatar name={team.value.find(({ id }) => id === assignee_id)?.name ?? name} id={assignee_id} size={20} />
          ) : (
            <Icon name={answering === 'assistant' ? 'bot' : 'user-plus'} size={16} />
          )}
          <span dir="auto">{assignee_id ? name : answering === 'assistant' ? assistantName(conversation.assistant_id) : w.assign}</span>
          <span class="sr">{fill(w.assignedToChange, { name })}</span>
          <Icon name="chevron-down" size={14} />
        </button>
      )}
    />
  );
}

/** The times that are usually meant. */
function times(): { id: string; label: string; at: Date }[] {
  const w = words.value;
  const at = (days: number, hour: number) => {
    const date = new Date();
    date.setDate(date.getDate() + days);
    date.setHours(hour, 0, 0, 0);
    return date;
  };
  const later = new Date(Date.now() + 3 * 3_600_000);
  later.setMinutes(0, 0, 0);
  const toMonday = (8 - new Date().getDay()) % 7 || 7;
  return [
    { id: 'later', label: w.laterToday, at: later },
    { id: 'tomorrow', label: w.tomorrow, at: at(1, 9) },
    { id: 'week', label: w.nextWeek, at: at(toMonday, 9) },
  ].filter(({ id, at }) => id !== 'later' || at.toDateString() === new Date().toDateString());
}

export function SnoozeMenu({ conversation }: { conversation: InboxConversation }) {
  const w = words.value;
  const choosing = useSignal(false);
  const asleep = conversation.status === 'snoozed';
  const items: MenuItem[] = [
    ...times().map(({ label, at }) => ({ label, icon: 'clock' as const, hint: dates.full(at), run: () => void snooze(conversation, at, dates.full(at)) })),
    { label: w.chooseDate, icon: 'calendar', run: () => (choosing.value = true) },
    ...(asleep ? (['line', { label: w.wake, icon: 'sun', run: () => void wake(conversation) }] as const) : []),
  ];
  return (
    <>
      <Menu
        label={w.snooze}
        align="end"
        items={items}
        trigger={({ buttonRef, ...props }) => (
          <IconButton
            icon="alarm-clock"
            label={asleep && conversation.snoozed_until ? fill(w.snoozedUntil, { time: dates.full(conversation.snoozed_until) }) : w.snooze}
            shortcut="s"
            class={asleep ? 'on' : undefined}
            disabled={conversation.status === 'resolved'}
            buttonRef={buttonRef}
            {...props}
          />
        )}
      />
      <DateDialog open={choosing.value} onClose={() => (choosing.value = false)} onChosen={(at) => void snooze(conversation, at, dates.full(at))} />
    </>
  );
}

function DateDialog({ open, onClose, onChosen }: { open: boolean; onClose: () => void; onChosen: (at: Date) => void }) {
  const w = words.value;
  const value = useSignal('');
  const form = useRef<HTMLFormElement>(null);
  const local = (date: Date) => new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  return (
    <Dialog
      open={open}
      onClose={onClose}
      size="small"
      title={w.snoozeUntil}
      footer={
        <>
          <Button onClick={onClose}>{w.cancel}</Button>
          <Button kind="primary" onClick={() => form.current?.requestSubmit()}>
            {w.snooze}
          </Button>
        </>
      }
    >
      <form
        ref={form}
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          onClose();
          onChosen(new Date(value.peek()));
        }}
      >
        <TextField label={w.dateAndTime} type="datetime-local" required min={local(new Date(Date.now() + 60_000))} value={value.value} onValue={(given) => (value.value = given)} />
      </form>
    </Dialog>
  );
}

export function Tags({ conversation, editable }: { conversation: InboxConversation; editable: boolean }) {
  const w = words.value;
  const { tags } = conversation;
  return (
    <ul class="tags" aria-label={w.tags}>
      {tags.map((tag) => (
        <li key={tag} class="tag" dir="auto">
          {tag}
          {editable && (
            <button type="button" aria-label={fill(w.removeTag, { tag })} onClick={() => void setTags(conversation, tags.filter((other) => other !== tag))}>
              <Icon name="x" size={14} />
            </button>
          )}
        </li>
      ))}
      {editable && tags.length < MOST_TAGS && (
        <li>
          <Popover
            label={w.addTag}
            class="tag-editor"
            trigger={({ buttonRef, ...props }) => (
              <button ref={buttonRef} type="button" class="chip" aria-keyshortcuts="t" aria-label={w.addTag} title={`${w.addTag} (t)`} {...props}>
                <Icon name="tag" size={14} />
                {tags.length === 0 && <span>{w.addTag}</span>}
                {tags.length > 0 && <Icon name="plus" size={14} />}
              </button>
            )}
          >
            {(close) => <TagEditor conversation={conversation} onDone={close} />}
          </Popover>
        </li>
      )}
    </ul>
  );
}

function TagEditor({ conversation, onDone }: { conversation: InboxConversation; onDone: () => void }) {
  const w = words.value;
  const typed = useSignal('');
  const used = useSignal<string[]>([]);
  useEffect(() => {
    void loadTags().then((answer) => {
      if (answer.ok) used.value = answer.value.map(({ tag }) => tag);
    });
  }, []);
  const { tags } = conversation;
  const wanted = typed.value.trim();
  const fits = used.value.filter((tag) => !tags.includes(tag) && tag.toLocaleLowerCase().includes(wanted.toLocaleLowerCase())).slice(0, 8);
  const add = (tag: string) => {
    onDone();
    if (tag && !tags.includes(tag)) void setTags(conversation, [...tags, tag]);
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        add(wanted);
      }}
    >
      <TextField label={w.newTag} maxLength={LONGEST_TAG} value={typed.value} onValue={(value) => (typed.value = value)} autocomplete="off" />
      {fits.length > 0 && (
        <ul class="suggestions" aria-label={w.usedTags}>
          {fits.map((tag) => (
            <li key={tag}>
              <button type="button" class="tag" dir="auto" onClick={() => add(tag)}>
                {tag}
              </button>
            </li>
          ))}
        </ul>
      )}
      <Button type="submit" kind="primary" size="small" disabled={!wanted}>
        {w.add}
      </Button>
    </form>
  );
}
