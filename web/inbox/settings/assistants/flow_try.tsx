import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api } from '../../api.ts';
import { fill } from '../../i18n/index.ts';
import { Badge, Button, Card, EmptyState, IconButton, why } from '../../ui/index.ts';
import { Alert } from '../kit.tsx';
import { words as own } from '../words.ts';
import type { Choice, Flow } from './flow_model.ts';

interface Said {
  content_type: string;
  content: string;
  rich_media: { buttons?: Choice[]; options?: Choice[]; cards?: { title: string; subtitle?: string; buttons?: Choice[] }[]; url?: string; filename?: string } | null;
}

interface Rehearsal {
  turns: { message: string; said: Said[]; handed_to: 'person' | 'ai' | null }[];
  answers: Record<string, string>;
  status: 'waiting' | 'over' | 'person' | 'ai' | 'start';
  step: string | null;
}

const MOST = 50;

/** Plays the flow as it stands in the editor, saved or not. Nothing is kept. */
export function TryFlow({ id, flow, usable }: { id: string; flow: Flow; usable: boolean }) {
  const s = own.value;
  const messages = useSignal<string[]>([]);
  const played = useSignal<Rehearsal | null>(null);
  const text = useSignal('');
  const busy = useSignal(false);
  const problem = useSignal('');
  const log = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [played.value]);

  const play = async (all: string[]) => {
    busy.value = true;
    problem.value = '';
    const answer = await api.post<Rehearsal>(`/api/assistants/${id}/flow/try`, { messages: all, flow });
    busy.value = false;
    if (!answer.ok) {
      problem.value = why(answer);
      return;
    }
    messages.value = all;
    played.value = answer.value;
    field.current?.focus();
  };
  const send = (message: string) => {
    if (!message.trim() || busy.value || messages.value.length >= MOST) return;
    text.value = '';
    void play([...messages.value, message.trim()]);
  };
  const restart = () => {
    messages.value = [];
    played.value = null;
    problem.value = '';
  };
  const turns = played.value?.turns ?? [];
  const now = played.value;
  const state = now && { waiting: fill(s.waitsAt, { id: now.step ?? '' }), over: s.isOver, person: s.withPerson, ai: s.withAi, start: '' }[now.status];
  const actions = messages.value.length > 0 && (
    <span class="inline tight">
      <IconButton icon="refresh-cw" label={s.playAgain} onClick={() => void play(messages.value)} />
      <IconButton icon="rotate-ccw" label={s.tryAgain} onClick={restart} />
    </span>
  );
  return (
    <Card title={s.tryIt} lead={s.tryFlowLead} actions={actions} flush>
      <div class="try-log" ref={log} role="log" aria-label={s.tryIt} tabIndex={0}>
        {!turns.length && (
          <EmptyState icon="play" title={usable ? s.tryFlowEmpty : s.tryFlowFaulty} action={usable && <Button onClick={() => send(s.hello)}>{s.sayHello}</Button>}>
            {usable ? s.tryFlowEmptyText : null}
          </EmptyState>
        )}
        {turns.map(({ message, said, handed_to }, i) => [
          <div key={`m${i}`} class="said user">
            <span class="sr">{s.visitor}</span>
            <p dir="auto">{message}</p>
          </div>,
          ...said.map((one, at) => <Message key={`s${i}-${at}`} said={one} press={i === turns.length - 1 ? send : undefined} />),
          handed_to && (
            <p key={`h${i}`}>
              <Badge tone="warn">{handed_to === 'person' ? s.withPerson : s.withAi}</Badge>
            </p>
          ),
        ])}
      </div>
      {problem.value && <Alert tone="bad">{problem.value}</Alert>}
      {state && (
        <p class="try-state" role="status">
          {state}
          {Object.entries(now!.answers).map(([name, value]) => (
            <Badge key={name}>
              <bdi>{name}</bdi>: <bdi>{value}</bdi>
            </Badge>
          ))}
        </p>
      )}
      <form
        class="try-form"
        onSubmit={(event) => {
          event.preventDefault();
          send(text.value);
        }}
      >
        <input ref={field} type="text" class="input" aria-label={s.tryFlowLabel} placeholder={s.tryFlowLabel} value={text.value} maxLength={4000} dir="auto" disabled={!usable} onInput={(event) => (text.value = event.currentTarget.value)} />
        <Button type="submit" kind="primary" icon="send" busy={busy.value} disabled={!usable || !text.value.trim()} aria-label={s.send} />
      </form>
    </Card>
  );
}

function Message({ said: { content, rich_media, content_type }, press }: { said: Said; press: ((value: string) => void) | undefined }) {
  const choices = (list: Choice[] | undefined) =>
    list && (
      <span class="inline">
        {list.map(({ label, value }) => (
          <Button key={value} size="small" disabled={!press} onClick={() => press?.(value)}>
            {label}
          </Button>
        ))}
      </span>
    );
  return (
    <div class="said assistant">
      {content && <p dir="auto">{content}</p>}
      {(content_type === 'image' || content_type === 'file') && <p class="by" dir="ltr">{rich_media?.filename ?? rich_media?.url ?? content_type}</p>}
      {choices(rich_media?.buttons)}
      {choices(rich_media?.options)}
      {rich_media?.cards?.map((card) => (
        <div key={card.title} class="box">
          <b dir="auto">{card.title}</b>
          {card.subtitle && <span class="muted" dir="auto">{card.subtitle}</span>}
          {choices(card.buttons)}
        </div>
      ))}
    </div>
  );
}
