// Texts that are often needed, at hand by a slash.

import { useSignal } from '@preact/signals';
import { api } from '../api.ts';
import { dates, fill, words } from '../i18n/index.ts';
import { may } from '../session.ts';
import { ask, Button, Card, Dialog, EmptyState, failed, IconButton, Page, TextArea, TextField, toast } from '../ui/index.ts';
import { FormOf, Shown, useForm, useLoaded } from './kit.tsx';
import { words as own } from './words.ts';

interface Reply {
  id: string;
  shortcut: string;
  content: string;
  created_by: { id: string; name: string } | null;
  updated_at: string;
}

export default function Replies() {
  const s = own.value;
  const replies = useLoaded(() => api.get<Reply[]>('/api/canned-replies/'), '', 'canned_replies');
  const search = useSignal('');
  const edited = useSignal<Reply | 'new' | null>(null);
  const manage = may('manage_conversations');
  const remove = async ({ id, shortcut }: Reply) => {
    if (!(await ask({ title: fill(s.removeReplyTitle, { shortcut }), text: s.removeReplyText, yes: words.value.delete, danger: true }))) return;
    const answer = await api.delete(`/api/canned-replies/${id}`);
    if (!answer.ok) failed(words.value.notSaved, answer);
    replies.again();
  };
  const make = manage && (
    <Button kind="primary" icon="plus" onClick={() => (edited.value = 'new')}>
      {s.newReply}
    </Button>
  );
  const wanted = search.value.trim().toLocaleLowerCase();
  return (
    <Page title={s.replies} lead={s.repliesLead} actions={make}>
      <Card flush>
        <Shown of={replies} rows>
          {(all) => {
            const found = all.filter(({ shortcut, content }) => `${shortcut}\n${content}`.toLocaleLowerCase().includes(wanted));
            if (!all.length) {
              return (
                <EmptyState icon="zap" title={s.noReplies}>
                  {s.noRepliesText}
                </EmptyState>
              );
            }
            return (
              <>
                <div class="card-search">
                  <TextField label={s.searchReplies} bare type="search" placeholder={s.searchReplies} value={search.value} onValue={(text) => (search.value = text)} />
                </div>
                {!found.length && <EmptyState icon="search" title={s.noReplyFound} />}
                <ul class="lines" aria-label={s.replies}>
                  {found.map((reply) => (
                    <li key={reply.id}>
                      <span class="grow">
                        <b dir="ltr">/{reply.shortcut}</b>
                        <span class="clamped" dir="auto">
                          {reply.content}
                        </span>
                        <span class="muted">
                          {reply.created_by && (
                            <>
                              <bdi>{reply.created_by.name}</bdi> ·{' '}
                            </>
                          )}
                          {dates.relative(reply.updated_at)}
                        </span>
                      </span>
                      {manage && (
                        <>
                          <IconButton icon="pencil" label={fill(s.changeNamed, { name: `/${reply.shortcut}` })} onClick={() => (edited.value = reply)} />
                          <IconButton icon="trash-2" label={fill(s.removeNamed, { name: `/${reply.shortcut}` })} onClick={() => void remove(reply)} />
                        </>
                      )}
                    </li>
                  ))}
                </ul>
              </>
            );
          }}
        </Shown>
      </Card>
      {edited.value && (
        <EditReply
          reply={edited.value === 'new' ? null : edited.value}
          close={() => (edited.value = null)}
          saved={() => {
            edited.value = null;
            toast(words.value.saved, { tone: 'good' });
            replies.again();
          }}
        />
      )}
    </Page>
  );
}

function EditReply({ reply, close, saved }: { reply: Reply | null; close: () => void; saved: () => void }) {
  const s = own.value;
  const form = useForm({ shortcut: reply?.shortcut ?? '', content: reply?.content ?? '' }, { guarded: false });
  const { draft, set, error } = form;
  const send = async () => {
    const answer = await form.send((draft) => (reply ? api.patch(`/api/canned-replies/${reply.id}`, draft) : api.post('/api/canned-replies/', draft)));
    if (answer.ok) saved();
  };
  return (
    <Dialog open title={reply ? fill(s.changeNamed, { name: `/${reply.shortcut}` }) : s.newReply} onClose={close}>
      <FormOf form={form} send={() => void send()} always>
        <TextField
          label={s.shortcut}
          hint={s.shortcutHint}
          value={draft.shortcut}
          onValue={(shortcut) => set({ shortcut: shortcut.replace(/^\//, '') })}
          error={error('shortcut')}
          required
          maxLength={40}
          pattern="[\p{L}\p{N}_\-]+"
          title={s.shortcutHint}
          autocomplete="off"
          dir="ltr"
        />
        <TextArea label={s.text} hint={s.replyHint} value={draft.content} onValue={(content) => set({ content })} error={error('content')} required rows={5} maxLength={10000} dir="auto" />
      </FormOf>
    </Dialog>
  );
}
