import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api } from '../../api.ts';
import { fill } from '../../i18n/index.ts';
import { Badge, Button, Card, EmptyState, Icon, IconButton, Spinner, why } from '../../ui/index.ts';
import { Alert } from '../kit.tsx';
import type { Assistant, Source, Tried } from '../wire.ts';
import { words as own } from '../words.ts';

interface Line {
  role: 'user' | 'assistant';
  content: string;
  sources?: Source[];
  by?: string;
  handedOver?: boolean;
}

/** As many as an answer takes into account. */
const MOST = 20;

/** A chat with the assistant in which nothing is kept. */
export function TryIt({ assistant, instructions, unsaved }: { assistant: Pick<Assistant, 'id' | 'kind' | 'name'>; instructions?: string; unsaved?: boolean }) {
  const s = own.value;
  const lines = useSignal<Line[]>([]);
  const text = useSignal('');
  const busy = useSignal(false);
  const problem = useSignal('');
  const end = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const log = end.current?.parentElement;
    log?.scrollTo({ top: log.scrollHeight });
  }, [lines.value, busy.value]);

  const send = async () => {
    const content = text.value.trim();
    if (!content || busy.value) return;
    const before = lines.value;
    lines.value = [...before, { role: 'user', content }];
    text.value = '';
    busy.value = true;
    problem.value = '';
    const messages = lines.value.slice(-MOST).map(({ role, content }) => ({ role, content }));
    const answer = await api.post<Tried>(`/api/assistants/${assistant.id}/try`, { messages, ...(instructions?.trim() && { instructions }) });
    busy.value = false;
    field.current?.focus();
    if (!answer.ok) {
      problem.value = why(answer);
      lines.value = before;
      text.value = content;
      return;
    }
    const { content: said, sources, provider, model, handed_over } = answer.value;
    lines.value = [...lines.value, { role: 'assistant', content: said, sources, by: [provider, model].filter(Boolean).join(' · '), handedOver: handed_over }];
  };
  const actions = lines.value.length > 0 && <IconButton icon="rotate-ccw" label={s.tryAgain} onClick={() => (lines.value = [])} />;
  return (
    <Card title={s.tryIt} lead={assistant.kind === 'flow' ? s.tryFlowHint : unsaved ? s.tryUnsaved : s.tryLead} actions={actions} flush>
      <div class="try-log" role="log" aria-label={s.tryIt} tabIndex={0}>
        {!lines.value.length && <EmptyState icon="sparkles" title={s.tryEmpty}>{s.tryEmptyText}</EmptyState>}
        {lines.value.map((line, i) => (
          <div key={i} class={`said ${line.role}`}>
            <span class="sr">{line.role === 'user' ? s.visitor : assistant.name}</span>
            <p dir="auto">{line.content}</p>
            {line.sources && line.sources.length > 0 && (
              <p class="sources">
                <Icon name="book-open" size={14} />
                {line.sources.map(({ title, article_id }, at) => (
                  <span key={at}>{article_id ? <a href={`/inbox/settings/articles/${article_id}`} dir="auto">{title}</a> : <bdi>{title}</bdi>}</span>
                ))}
              </p>
            )}
            {line.role === 'assistant' && (
              <p class="by">
                {line.handedOver && <Badge tone="warn">{s.handedOver}</Badge>} <span dir="ltr">{line.by}</span>
              </p>
            )}
          </div>
        ))}
        {busy.value && <Spinner label={fill(s.thinking, { name: assistant.name })} />}
        <div ref={end} />
      </div>
      {problem.value && <Alert tone="bad">{problem.value}</Alert>}
      <form
        class="try-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <textarea
          ref={field}
          class="input"
          rows={1}
          aria-label={s.tryLabel}
          placeholder={s.tryLabel}
          value={text.value}
          maxLength={4000}
          dir="auto"
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void send();
          }}
        />
        <Button type="submit" kind="primary" icon="send" busy={busy.value} disabled={!text.value.trim()} aria-label={s.send} />
      </form>
    </Card>
  );
}
