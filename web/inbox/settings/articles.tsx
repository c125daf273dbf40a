// What the assistants know: articles, written here or brought from elsewhere.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api } from '../api.ts';
import { dates, fill, plural, words } from '../i18n/index.ts';
import { go } from '../router.ts';
import { may } from '../session.ts';
import { ask, Button, Card, EmptyState, failed, LinkButton, Page, TextArea, TextField, toast } from '../ui/index.ts';
import { FormOf, Shown, useForm, useLoaded } from './kit.tsx';
import { ImportForm } from './import.tsx';
import type { Article, ArticleSummary } from './wire.ts';
import { words as own } from './words.ts';

export const HERE = '/inbox/settings/articles';

/** How long somebody may pause in typing. */
const PAUSE = 250;

export default function Articles({ rest }: { rest: string }) {
  if (rest === 'new') return <NewArticle />;
  if (rest === 'import') return <Import />;
  return rest ? <OneArticle key={rest} id={rest} /> : <List />;
}

function List() {
  const s = own.value;
  const search = useSignal('');
  const asked = useSignal('');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const articles = useLoaded(() => api.get<ArticleSummary[]>('/api/articles/', { search: asked.value }), asked.value);
  useEffect(() => () => clearTimeout(timer.current), []);
  const manage = may('manage_channels');
  const actions = manage && (
    <>
      <LinkButton href={`${HERE}/import`} icon="upload">
        {s.import}
      </LinkButton>
      <LinkButton href={`${HERE}/new`} kind="primary" icon="plus">
        {s.newArticle}
      </LinkButton>
    </>
  );
  return (
    <Page title={s.knowledge} lead={s.knowledgeLead} actions={actions}>
      <Card flush>
        <div class="card-search">
          <TextField
            label={s.searchArticles}
            bare
            type="search"
            placeholder={s.searchArticles}
            value={search.value}
            onValue={(text) => {
              search.value = text;
              clearTimeout(timer.current);
              timer.current = setTimeout(() => (asked.value = text.trim()), PAUSE);
            }}
          />
        </div>
        <Shown of={articles} rows>
          {(all) =>
            all.length ? (
              <ul class="lines link" aria-label={s.knowledge}>
                {all.map(({ id, title, url, passages, updated_at }) => (
                  <li key={id}>
                    <a href={`${HERE}/${id}`}>
                      <b dir="auto">{title}</b>
                      <span class="muted">
                        {plural(s.passages, passages)} · <span title={dates.full(updated_at)}>{dates.relative(updated_at)}</span>
                        {url && <span dir="ltr"> · {url}</span>}
                      </span>
                    </a>
                  </li>
                ))}
              </ul>
            ) : asked.value ? (
              <EmptyState icon="search" title={s.noArticleFound} />
            ) : (
              <EmptyState icon="book-open" title={s.noArticles} action={manage && <LinkButton href={`${HERE}/import`} icon="upload">{s.import}</LinkButton>}>
                {s.noArticlesText}
              </EmptyState>
            )
          }
        </Shown>
      </Card>
    </Page>
  );
}

function Back() {
  return (
    <LinkButton href={HERE} kind="quiet" icon="arrow-left">
      {own.value.knowledge}
    </LinkButton>
  );
}

function NewArticle() {
  const s = own.value;
  const form = useForm({ title: '', body: '', url: '' });
  const send = async () => {
    const answer = await form.send(({ title, body, url }) => api.post<Article>('/api/articles/', { title, body, ...(url && { url }) }));
    if (!answer.ok) return;
    form.keep(form.draft);
    toast(words.value.saved, { tone: 'good' });
    void go(HERE);
  };
  return (
    <Page title={s.newArticle} lead={s.newArticleLead} actions={<Back />}>
      <Card>
        <FormOf form={form} send={() => void send()} always>
          <Fields form={form} />
        </FormOf>
      </Card>
    </Page>
  );
}

type ArticleForm = ReturnType<typeof useForm<{ title: string; body: string; url: string }>>;

function Fields({ form }: { form: ArticleForm }) {
  const s = own.value;
  const { draft, set, error } = form;
  return (
    <>
      <TextField label={s.title} value={draft.title} onValue={(title) => set({ title })} error={error('title')} required maxLength={200} dir="auto" />
      <TextArea label={s.text} hint={s.textHint} value={draft.body} onValue={(body) => set({ body })} error={error('body')} required rows={14} dir="auto" />
      <TextField label={`${s.address} (${words.value.optional})`} hint={s.addressHint} type="url" value={draft.url} onValue={(url) => set({ url })} error={error('url')} dir="ltr" maxLength={2000} />
    </>
  );
}

function OneArticle({ id }: { id: string }) {
  const s = own.value;
  const article = useLoaded(() => api.get<Article>(`/api/articles/${id}`));
  return (
    <Page title={article.value?.title ?? s.article} actions={<Back />}>
      <Shown of={article}>{(value) => <EditArticle key={value.updated_at} article={value} put={article.put} />}</Shown>
    </Page>
  );
}

function EditArticle({ article, put }: { article: Article; put: (article: Article) => void }) {
  const s = own.value;
  const form = useForm({ title: article.title, body: article.body, url: article.url ?? '' });
  const locked = !may('manage_channels');
  const send = async () => {
    const answer = await form.send(({ title, body, url }) => api.put<Article>(`/api/articles/${article.id}`, { title, body, url: url || null }));
    if (!answer.ok) return;
    toast(words.value.saved, { tone: 'good' });
    put({ ...article, ...answer.value, body: form.draft.body });
  };
  const remove = async () => {
    if (!(await ask({ title: fill(s.removeArticleTitle, { title: article.title }), text: s.removeArticleText, yes: words.value.delete, danger: true }))) return;
    const answer = await api.delete(`/api/articles/${article.id}`);
    if (!answer.ok) return failed(words.value.notSaved, answer);
    form.discard();
    void go(HERE);
  };
  const extra = (
    <Button kind="quiet" icon="trash-2" class="start" onClick={() => void remove()}>
      {words.value.delete}
    </Button>
  );
  return (
    <Card>
      <FormOf form={form} send={() => void send()} locked={locked} extra={extra}>
        <Fields form={form} />
      </FormOf>
    </Card>
  );
}

function Import() {
  const s = own.value;
  return (
    <Page title={s.import} lead={s.importLead} actions={<Back />}>
      <Card>
        <ImportForm imported={() => void go(HERE)} />
      </Card>
    </Page>
  );
}
