// Where agents write: replies and private notes, with files, canned replies, mentions and emoji.

import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { api, upload, type Failure, type Upload, type Uploaded } from '../api.ts';
import { fileSize, fill, number, plural, words } from '../i18n/index.ts';
import { Button, classes, EmptyState, failed, Icon, IconButton, Menu, Popover, Spinner } from '../ui/index.ts';
import type { CannedReply, InboxConversation, Member, Source } from '../wire.ts';
import { claim, resolve } from './act.ts';
import { began, flushDrafts, isSaved, noteDraft, saveDraft, saveNoteDraft } from './drafts.ts';
import { contactName } from './names.ts';
import { send } from './outbox.ts';
import { canned, draftElsewhere, myId, team, tellTyping, thread, type Open } from './store.ts';

const LONGEST = 10_000;
const WARN_AT = 9_000;
const TYPING_EVERY = 2_000;
const MOST_FILES = 10;
const MOST_OFFERED = 8;

type Kind = 'reply' | 'note';

interface Attachment {
  id: number;
  file: File;
  part: number;
  uploaded: Uploaded | null;
  failure: Failure | null;
  upload: Upload;
}

let attachments = 0;

export function Composer({ open }: { open: Open }) {
  const w = words.value;
  const { conversation } = open;
  const { id } = conversation;
  const kind = useSignal<Kind>('reply');
  const reply = useSignal(open.draft);
  const note = useSignal(noteDraft(id));
  const files = useSignal<Attachment[]>([]);
  const dropping = useSignal(false);
  const suggesting = useSignal(false);
  const sources = useSignal<Source[]>([]);
  const text = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const typedAt = useRef(0);
  const mentioned = useRef(new Map<string, string>());
  const content = kind.value === 'reply' ? reply : note;
  const hint = useId();
  const blocked = conversation.contact.blocked;

  useEffect(() => {
    began(id, open.draft);
    return flushDrafts;
  }, [id]);

  // Another tab of the same person goes on with the draft, unless this one has something newer.
  useEffect(
    () =>
      draftElsewhere.subscribe((told) => {
        if (told?.conversation_id !== id || !isSaved(id, reply.peek())) return;
        began(id, told.content);
        reply.value = told.content;
      }),
    [id],
  );

  const write = (value: string) => {
    content.value = value;
    if (kind.peek() === 'note') return saveNoteDraft(id, value);
    saveDraft(id, value);
    if (value && Date.now() - typedAt.current > TYPING_EVERY) {
      typedAt.current = Date.now();
      tellTyping(id);
    }
  };

  /** Puts something where the cursor is. */
  const insert = (piece: string, from?: number, to?: number) => {
    const field = text.current!;
    field.focus();
    field.setRangeText(piece, from ?? field.selectionStart, to ?? field.selectionEnd, 'end');
    write(field.value);
  };

  const attach = (chosen: Iterable<File>) => {
    if (kind.peek() === 'note') kind.value = 'reply';
    const room = MOST_FILES - files.peek().length;
    files.value = [...files.peek(), ...[...chosen].slice(0, room).map(begin)];
    text.current?.focus();
  };

  const begin = (file: File): Attachment => {
    const put = (change: Partial<Attachment>) => {
      files.value = files.peek().map((other) => (other.id === attachment.id ? { ...other, ...change } : other));
    };
    const going = upload(file, {}, (part) => put({ part }));
    const attachment: Attachment = { id: ++attachments, file, part: 0, uploaded: null, failure: null, upload: going };
    void going.done.then((answer) => put(answer.ok ? { uploaded: answer.value, part: 1 } : { failure: answer }));
    return attachment;
  };

  const drop = (attachment: Attachment) => {
    attachment.upload.cancel();
    files.value = files.peek().filter(({ id }) => id !== attachment.id);
  };

  const ready = files.value.every(({ uploaded }) => uploaded);
  const written = content.value.trim();
  const tooLong = written.length > LONGEST;
  const may = !tooLong && (written !== '' || (kind.value === 'reply' && files.value.length > 0)) && (kind.value === 'note' || ready);

  const post = (then?: 'resolve') => {
    if (!may) return;
    if (kind.peek() === 'note') {
      const mentions = [...mentioned.current].filter(([, name]) => written.includes(`@${name}`)).map(([agent]) => agent);
      void send({ conversationId: id, kind: 'note', content: written, mentions });
      mentioned.current.clear();
      note.value = '';
      saveNoteDraft(id, '');
      return;
    }
    // Whoever answers has it, so that nobody else begins to.
    if (!conversation.assignee_id) void claim(conversation);
    const all = files.peek();
    const sent = all.map(({ uploaded }, i) => {
      const picture = uploaded!.mime_type.startsWith('image/');
      return send({ conversationId: id, kind: 'reply', content: i ? '' : written, contentType: picture ? 'image' : 'file', richMedia: { upload_id: uploaded!.id } });
    });
    if (!all.length) sent.push(send({ conversationId: id, kind: 'reply', content: written }));
    files.value = [];
    sources.value = [];
    reply.value = '';
    saveDraft(id, '');
    flushDrafts();
    // What was not sent must not be closed away.
    if (then) void Promise.all(sent).then((arrived) => arrived.every(Boolean) && resolve(conversation));
    text.current?.focus();
  };

  const suggest = async () => {
    suggesting.value = true;
    const answer = await api.post<{ content: string; sources: Source[] }>(`/api/conversations/${id}/suggestion`);
    suggesting.value = false;
    if (!answer.ok) return failed(w.noSuggestion, answer);
    if (thread.peek()?.conversation.id !== id) return;
    kind.value = 'reply';
    sources.value = answer.value.sources;
    // After whatever stands there already: nothing that somebody wrote is lost.
    const before = reply.peek().trimEnd();
    write(before ? `${before}\n\n${answer.value.content}` : answer.value.content);
    text.current?.focus();
  };

  const offer = useOffer(text, content.value, kind.value, insert, (member) => mentioned.current.set(member.id, member.name), conversation);

  const keys = (event: KeyboardEvent) => {
    if (event.isComposing || offer.keys(event)) return;
    if (event.key === 'Escape') {
      text.current?.blur();
      return;
    }
    if (event.key !== 'Enter' || event.shiftKey || event.altKey) return;
    event.preventDefault();
    post((event.ctrlKey || event.metaKey) && kind.peek() === 'reply' ? 'resolve' : undefined);
  };

  return (
    <form
      class={classes('composer', kind.value, dropping.value && 'dropping')}
      aria-label={kind.value === 'note' ? w.privateNote : w.reply}
      onSubmit={(event) => {
        event.preventDefault();
        post();
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        dropping.value = true;
      }}
      onDragLeave={() => (dropping.value = false)}
      onDrop={(event) => {
        event.preventDefault();
        dropping.value = false;
        attach(event.dataTransfer?.files ?? []);
      }}
    >
      {offer.list}
      <div class="kinds" role="radiogroup" aria-label={w.kind}>
        {(['reply', 'note'] as const).map((one) => (
          <label key={one} class={kind.value === one ? 'chosen' : undefined}>
            <input
              type="radio"
              name="kind"
              class="sr"
              checked={kind.value === one}
              aria-keyshortcuts={one === 'reply' ? 'r' : 'n'}
              onChange={() => {
                kind.value = one;
                text.current?.focus();
              }}
            />
            <Icon name={one === 'reply' ? 'reply' : 'sticky-note'} size={16} />
            {one === 'reply' ? w.reply : w.privateNote}
          </label>
        ))}
      </div>
      {blocked && kind.value === 'reply' && <p class="composer-hint">{w.blockedHint}</p>}
      <textarea
        ref={text}
        aria-label={kind.value === 'note' ? w.writeNote : fill(w.writeReply, { name: contactName(conversation.contact) })}
        aria-describedby={hint}
        aria-autocomplete="list"
        aria-controls={offer.id}
        aria-activedescendant={offer.active}
        placeholder={kind.value === 'note' ? w.writeNote : w.writeReplyHint}
        rows={2}
        dir={content.value ? 'auto' : undefined}
        value={content.value}
        onInput={(event) => {
          write(event.currentTarget.value);
          offer.look();
        }}
        onClick={() => offer.look()}
        onKeyDown={keys}
        onBlur={() => offer.close()}
        onPaste={(event) => {
          const pasted = event.clipboardData?.files;
          if (!pasted?.length) return;
          event.preventDefault();
          attach(pasted);
        }}
      />
      {sources.value.length > 0 && kind.value === 'reply' && (
        <p class="composer-sources">
          <Icon name="book-open" size={14} />
          {w.sources}: {sources.value.map(({ title }) => title).join(', ')}
        </p>
      )}
      {files.value.length > 0 && kind.value === 'reply' && (
        <ul class="attachments">
          {files.value.map((attachment) => (
            <li key={attachment.id} class={attachment.failure ? 'failure' : undefined}>
              <Icon name={attachment.file.type.startsWith('image/') ? 'image' : 'file'} size={18} />
              <span>
                <bdi>{attachment.file.name}</bdi>
                <small role={attachment.failure ? 'alert' : undefined}>
                  {attachment.failure
                    ? attachment.failure.reason || w.notReached
                    : attachment.uploaded
                      ? fileSize(attachment.file.size)
                      : fill(w.uploading, { part: number.value.format(Math.round(attachment.part * 100)) })}
                </small>
              </span>
              {!attachment.uploaded && !attachment.failure && <progress value={attachment.part} aria-label={attachment.file.name} />}
              <IconButton size="small" icon="x" label={fill(w.removeFile, { name: attachment.file.name })} onClick={() => drop(attachment)} />
            </li>
          ))}
        </ul>
      )}
      <div class="composer-foot">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            attach([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = '';
          }}
        />
        {kind.value === 'reply' && <IconButton icon="paperclip" label={w.attach} onClick={() => picker.current?.click()} />}
        <Popover label={w.emoji} class="emoji" trigger={({ buttonRef, ...props }) => <IconButton icon="smile" label={w.emoji} buttonRef={buttonRef} {...props} />}>
          {(close) => (
            <Emoji
              onPick={(emoji) => {
                close();
                insert(emoji);
              }}
            />
          )}
        </Popover>
        {kind.value === 'reply' ? (
          <>
            <IconButton
              icon="zap"
              label={w.cannedReplies}
              onClick={() => {
                const field = text.current!;
                const before = field.value.slice(0, field.selectionStart);
                insert(before && !/\s$/.test(before) ? ' /' : '/');
                offer.look();
              }}
            />
            <IconButton icon="sparkles" label={w.suggest} disabled={suggesting.value} onClick={() => void suggest()} />
            {suggesting.value && <Spinner label={w.suggesting} />}
          </>
        ) : (
          <IconButton
            icon="at-sign"
            label={w.mentionSomebody}
            onClick={() => {
              insert('@');
              offer.look();
            }}
          />
        )}
        <p class={classes('composer-hint', tooLong && 'over')} id={hint}>
          {written.length > WARN_AT ? plural(w.charactersLeft, LONGEST - written.length) : kind.value === 'note' ? w.noteHint : ''}
        </p>
        <span class="split">
          <Button kind="primary" type="submit" icon={kind.value === 'reply' ? 'send' : 'sticky-note'} disabled={!may}>
            {kind.value === 'reply' ? w.send : w.addNote}
          </Button>
          {kind.value === 'reply' && conversation.status !== 'resolved' && (
            <Menu
              label={w.moreWaysToSend}
              align="end"
              items={[
                { label: w.send, icon: 'send', hint: 'Enter', disabled: !may, run: () => post() },
                { label: w.sendAndResolve, icon: 'circle-check', hint: 'Ctrl Enter', disabled: !may, run: () => post('resolve') },
              ]}
              trigger={({ buttonRef, ...props }) => (
                <button ref={buttonRef} type="button" class="button primary" aria-label={w.moreWaysToSend} disabled={!may} {...props}>
                  <Icon name="chevron-down" size={16} />
                </button>
              )}
            />
          )}
        </span>
      </div>
      {dropping.value && <div class="drop">{w.drop}</div>}
    </form>
  );
}

function Emoji({ onPick }: { onPick: (emoji: string) => void }) {
  const groups = useSignal<readonly (readonly string[])[] | null>(null);
  useEffect(() => {
    void import('./emoji.ts').then((module) => (groups.value = module.EMOJI));
  }, []);
  if (!groups.value) return <Spinner />;
  return (
    <>
      {groups.value.map((group, i) => (
        <div key={i} class="emoji-group">
          {group.map((emoji) => (
            <button key={emoji} type="button" onClick={() => onPick(emoji)}>
              {emoji}
            </button>
          ))}
        </div>
      ))}
    </>
  );
}

type Offered = { kind: 'canned'; reply: CannedReply } | { kind: 'member'; member: Member };

/** What is offered while somebody writes `/…` or, in a note, `@…`. */
function useOffer(
  text: { current: HTMLTextAreaElement | null },
  content: string,
  kind: Kind,
  insert: (piece: string, from: number, to: number) => void,
  mention: (member: Member) => void,
  conversation: InboxConversation,
) {
  const w = words.value;
  const id = useId();
  const at = useSignal<number | null>(null);
  const chosen = useSignal(0);

  const sign = kind === 'reply' ? '/' : '@';
  const cursor = text.current?.selectionStart ?? content.length;
  const word = at.value === null ? null : content.slice(at.value + 1, cursor).toLocaleLowerCase();
  const offered: Offered[] = word === null ? [] : kind === 'reply' ? replies(word) : members(word);

  const look = () => {
    const field = text.current!;
    const before = field.value.slice(0, field.selectionStart);
    const found = sign === '/' ? /(?:^|\s)\/([\p{L}\p{N}_-]{0,40})$/u.exec(before) : /(?:^|[\s(])@([\p{L}\p{N}_.' -]{0,40})$/u.exec(before);
    at.value = found ? before.length - found[1]!.length - 1 : null;
    chosen.value = 0;
  };
  const close = () => {
    at.value = null;
  };
  const take = (one: Offered) => {
    const from = at.peek()!;
    close();
    if (one.kind === 'member') mention(one.member);
    insert(one.kind === 'member' ? `@${one.member.name} ` : one.reply.content.replaceAll('{name}', conversation.contact.display_name ?? ''), from, text.current!.selectionStart);
  };
  const keys = (event: KeyboardEvent): boolean => {
    if (!offered.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) chosen.value = (chosen.peek() + step + offered.length) % offered.length;
    else if (event.key === 'Enter' || event.key === 'Tab') take(offered[chosen.peek()]!);
    else if (event.key === 'Escape') close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };

  const open = at.value !== null;
  const list = open && (
    <div class="offer">
      {offered.length ? (
        <ul id={id} role="listbox" aria-label={kind === 'reply' ? w.cannedReplies : w.team}>
          {offered.map((one, i) => (
            <li
              key={one.kind === 'canned' ? one.reply.id : one.member.id}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === chosen.value}
              // The field keeps the focus.
              onMouseDown={(event) => {
                event.preventDefault();
                take(one);
              }}
            >
              <b dir="auto">{one.kind === 'canned' ? `/${one.reply.shortcut}` : one.member.name}</b>
              <span dir="auto">{one.kind === 'canned' ? one.reply.content : one.member.email}</span>
            </li>
          ))}
        </ul>
      ) : word === '' ? (
        <EmptyState icon={kind === 'reply' ? 'zap' : 'users'} title={kind === 'reply' ? w.noCanned : w.noColleagues}>
          {kind === 'reply' ? w.noCannedText : undefined}
        </EmptyState>
      ) : (
        <p class="offer-none">{w.nothingFound}</p>
      )}
      <p class="sr" role="status">
        {plural(w.offered, offered.length)}
      </p>
    </div>
  );
  return { id: open && offered.length ? id : undefined, active: open && offered.length ? `${id}-${chosen.value}` : undefined, list, look, close, keys };
}

function replies(word: string): Offered[] {
  const starts = canned.value.filter(({ shortcut }) => shortcut.toLocaleLowerCase().startsWith(word));
  const within = canned.value.filter((reply) => !starts.includes(reply) && `${reply.shortcut} ${reply.content}`.toLocaleLowerCase().includes(word));
  return [...starts, ...within].slice(0, MOST_OFFERED).map((reply) => ({ kind: 'canned', reply }));
}

function members(word: string): Offered[] {
  const others = team.value.filter(({ id, name }) => id !== myId() && name.toLocaleLowerCase().includes(word));
  return others.slice(0, MOST_OFFERED).map((member) => ({ kind: 'member', member }));
}
