// The conversation that is open: who it is with, what can be done, what was said, where to write.

import { fill, words } from '../i18n/index.ts';
import { go } from '../router.ts';
import { Avatar, Badge, Button, classes, EmptyState, IconButton, LinkButton, Menu, Skeleton } from '../ui/index.ts';
import { block, claim, handToAssistant, mayAnswer, reopen, resolve } from './act.ts';
import { Composer } from './composer.tsx';
import { AssignMenu, SnoozeMenu, Tags } from './menus.tsx';
import { assistantName, contactName } from './names.ts';
import { address, myId, openId, openThread, team, thread, threadFailed, typing, type Open } from './store.ts';
import { Timeline } from './timeline.tsx';

export function ThreadPane({ panel, onPanel }: { panel: boolean; onPanel: () => void }) {
  const w = words.value;
  const id = openId.value;
  const open = thread.value;
  const failure = threadFailed.value;
  if (!id) {
    return (
      <section class="thread none">
        <EmptyState icon="messages-square" title={w.chooseOne}>
          {w.chooseOneText}
        </EmptyState>
      </section>
    );
  }
  if (failure) {
    return (
      <section class="thread none">
        <EmptyState
          icon="triangle-alert"
          heading
          title={failure.status === 404 ? w.noSuchConversation : w.notLoaded}
          action={
            failure.status === 404 ? <LinkButton href={address(null)}>{w.backToInbox}</LinkButton> : <Button onClick={() => void openThread(id)}>{w.retry}</Button>
          }
        />
      </section>
    );
  }
  if (!open || open.conversation.id !== id) {
    return (
      <section class="thread" aria-busy="true">
        <header class="thread-head">
          <Back />
        </header>
        <div class="timeline loading">
          <Skeleton lines={6} />
        </div>
      </section>
    );
  }
  return <OpenThread key={id} open={open} panel={panel} onPanel={onPanel} />;
}

function Back() {
  return <IconButton class="back" icon="arrow-left" label={words.value.backToInbox} shortcut="u" onClick={() => void go(address(null))} />;
}

function OpenThread({ open, panel, onPanel }: { open: Open; panel: boolean; onPanel: () => void }) {
  const w = words.value;
  const { conversation } = open;
  const { contact, status, answering } = conversation;
  const name = contactName(contact);
  const may = mayAnswer();
  return (
    <section class="thread" aria-label={fill(w.threadWith, { name })}>
      <header class="thread-head">
        <Back />
        <button type="button" class="thread-who" onClick={onPanel} aria-expanded={panel}>
          <Avatar name={name} id={contact.id} size={32} />
          <span>
            <h1 dir="auto">{name}</h1>
            {contact.email && contact.email !== name && <small>{contact.email}</small>}
          </span>
        </button>
        <Viewers open={open} />
        <span class="thread-actions">
          {may && <SnoozeMenu conversation={conversation} />}
          {may &&
            (status === 'resolved' ? (
              <Button icon="rotate-ccw" aria-keyshortcuts="e" title={`${w.reopen} (e)`} onClick={() => void reopen(conversation)}>
                {w.reopen}
              </Button>
            ) : (
              <Button icon="circle-check" aria-keyshortcuts="e" title={`${w.resolve} (e)`} onClick={() => void resolve(conversation)}>
                {w.resolve}
              </Button>
            ))}
          <IconButton icon="panel-right" label={w.contactDetails} shortcut="i" pressed={panel} onClick={onPanel} />
          {may && (
            <Menu
              label={w.more}
              align="end"
              items={[
                { label: fill(w.handTo, { name: assistantName(conversation.assistant_id) }), icon: 'bot', disabled: answering === 'assistant', run: () => void handToAssistant(conversation) },
                { label: w.copyLink, icon: 'link', run: () => void navigator.clipboard?.writeText(location.origin + location.pathname) },
                'line',
                { label: contact.blocked ? w.unblock : w.block, icon: 'ban', danger: !contact.blocked, run: () => void block(conversation) },
              ]}
              trigger={({ buttonRef, ...props }) => <IconButton icon="ellipsis-vertical" label={w.more} buttonRef={buttonRef} {...props} />}
            />
          )}
        </span>
      </header>
      <div class="thread-sub">
        {may && <AssignMenu conversation={conversation} />}
        {may && !conversation.assignee_id && status !== 'resolved' && (
          <Button class="chip" aria-keyshortcuts="c" title={`${w.claim} (c)`} onClick={() => void claim(conversation)}>
            {w.claim}
          </Button>
        )}
        {status === 'resolved' && <Badge tone="good">{w.statuses.resolved}</Badge>}
        {contact.blocked && <Badge tone="bad">{w.blocked}</Badge>}
        <Tags conversation={conversation} editable={may && status !== 'resolved'} />
      </div>
      <Timeline open={open} />
      <Collision open={open} />
      {may && <Composer open={open} />}
    </section>
  );
}

/** Who else has it open. */
function Viewers({ open }: { open: Open }) {
  const others = open.viewers.filter((id) => id !== myId());
  if (!others.length) return <span class="viewers" />;
  const names = others.map((id) => team.value.find((member) => member.id === id)?.name ?? words.value.formerMember);
  return (
    <span class="viewers" role="img" aria-label={fill(words.value.alsoHere, { names: names.join(', ') })} title={fill(words.value.alsoHere, { names: names.join(', ') })}>
      {others.slice(0, 3).map((id, i) => (
        <Avatar key={id} name={names[i]!} id={id} size={24} />
      ))}
      {others.length > 3 && <span class="count">+{others.length - 3}</span>}
    </span>
  );
}

/** Two who answer at once is one too many. */
function Collision({ open }: { open: Open }) {
  const writing = [...typing.value.keys()].filter((id) => id !== 'end_user' && id !== myId());
  const others = open.viewers.filter((id) => id !== myId());
  const who = writing.length ? writing : others;
  const names = who.map((id) => team.value.find((member) => member.id === id)?.name ?? words.value.formerMember).join(', ');
  return (
    <p class={classes('collision', writing.length > 0 && 'writing')} role="status">
      {who.length > 0 && fill(writing.length ? words.value.writesReply : words.value.alsoHere, { name: names, names })}
    </p>
  );
}
