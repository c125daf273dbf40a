import { fill } from '../../i18n/index.ts';
import { Badge, Button, Card, Checkbox, EmptyState, IconButton, Menu, Select, Switch, TextArea, TextField } from '../../ui/index.ts';
import { FormOf, useForm } from '../kit.tsx';
import type { PreChatField } from '../wire.ts';
import { words as own } from '../words.ts';
import type { Part } from './index.tsx';
import { saveSettings } from './save.ts';

const MOST = 8;
const KNOWN = { name: 'text', email: 'email', phone: 'phone' } as const;
type KnownKey = keyof typeof KNOWN;

const isKnown = (key: string): key is KnownKey => key in KNOWN;

/** What is typed, line by line; it is cut into options when it is sent. */
type Draft = Omit<PreChatField, 'options' | 'required'> & { required: boolean; options: string };

const drafted = ({ options, required, ...field }: PreChatField): Draft => ({ ...field, required: required ?? false, options: (options ?? []).join('\n') });

function field({ options, ...rest }: Draft): PreChatField {
  const lines = options.split('\n').map((line) => line.trim()).filter(Boolean);
  return rest.type === 'select' ? { ...rest, options: lines } : rest;
}

export function PreChat({ channel, locked, changed }: Part) {
  const s = own.value;
  const { pre_chat, rating } = channel.settings;
  const form = useForm({ enabled: pre_chat.enabled, fields: pre_chat.fields.map(drafted), rating: rating.enabled, pre_chat: null });
  const { fields, enabled } = form.draft;
  const put = (next: Draft[]) => form.set({ fields: next, pre_chat: null });
  const send = async () => {
    const saved = await saveSettings(channel, form, (draft) => ({
      pre_chat: { enabled: draft.enabled, fields: draft.fields.map(field) },
      rating: { enabled: draft.rating },
    }));
    if (saved) changed(saved);
  };
  const own_key = () => {
    const taken = new Set(fields.map(({ key }) => key));
    let n = 1;
    while (taken.has(`question_${n}`)) n++;
    return `question_${n}`;
  };
  const add = (made: Draft) => put([...fields, made]);
  const known = (key: KnownKey, label: string) => ({
    label,
    disabled: fields.some((other) => other.key === key),
    run: () => add({ key, label, type: KNOWN[key], required: key === 'email', options: '' }),
  });
  return (
    <Card title={s.preChat} lead={s.preChatLead}>
      <FormOf form={form} send={() => void send()} locked={locked}>
        <Switch label={s.preChatEnabled} checked={enabled} onChecked={(enabled) => form.set({ enabled })} />
        {form.error('pre_chat') && <p class="field-error" role="alert">{form.error('pre_chat')}</p>}
        {!fields.length && <EmptyState icon="list-filter" title={s.noQuestions}>{s.noQuestionsText}</EmptyState>}
        <ol class="stack small">
          {fields.map((one, i) => (
            <Question
              key={one.key}
              of={one}
              locked={locked}
              put={(next) => put(fields.map((old, at) => (at === i ? next : old)))}
              remove={() => put(fields.filter((_, at) => at !== i))}
              up={i > 0 ? () => put(swapped(fields, i - 1)) : undefined}
              down={i < fields.length - 1 ? () => put(swapped(fields, i)) : undefined}
            />
          ))}
        </ol>
        {!locked && fields.length < MOST && (
          <div>
            <Menu
              label={s.addQuestion}
              items={[
                known('name', s.askName),
                known('email', s.askEmail),
                known('phone', s.askPhone),
                'line',
                { label: s.askText, run: () => add({ key: own_key(), label: '', type: 'text', required: false, options: '' }) },
                { label: s.askSelect, run: () => add({ key: own_key(), label: '', type: 'select', required: false, options: '' }) },
              ]}
              trigger={({ buttonRef, ...props }) => (
                <Button size="small" icon="plus" buttonRef={buttonRef} {...props}>
                  {s.addQuestion}
                </Button>
              )}
            />
          </div>
        )}
        <hr />
        <Switch label={s.ratingEnabled} hint={s.ratingHint} checked={form.draft.rating} onChecked={(rating) => form.set({ rating })} />
      </FormOf>
    </Card>
  );
}

/** The list with the one at `at` and the next in each other's place. */
export function swapped<T>(list: readonly T[], at: number): T[] {
  const next = [...list];
  [next[at], next[at + 1]] = [next[at + 1]!, next[at]!];
  return next;
}

function Question({ of, locked, put, remove, up, down }: { of: Draft; locked: boolean; put: (next: Draft) => void; remove: () => void; up: (() => void) | undefined; down: (() => void) | undefined }) {
  const s = own.value;
  const known = isKnown(of.key);
  const name = of.label || s.question;
  const types = [
    { value: 'text', label: s.typeText },
    { value: 'email', label: s.typeEmail },
    { value: 'phone', label: s.typePhone },
    { value: 'select', label: s.typeSelect },
  ];
  return (
    <li class="box" aria-label={name}>
      <div class="box-head">
        <b dir="auto">{name}</b>
        {known && <Badge>{s.contactField}</Badge>}
        {!locked && (
          <span class="inline tight">
            <IconButton size="small" icon="arrow-up" label={fill(s.moveUp, { name })} disabled={!up} onClick={up} />
            <IconButton size="small" icon="arrow-down" label={fill(s.moveDown, { name })} disabled={!down} onClick={down} />
            <IconButton size="small" icon="trash-2" label={fill(s.removeNamed, { name })} onClick={remove} />
          </span>
        )}
      </div>
      <div class="form-row">
        <TextField label={s.questionLabel} value={of.label} onValue={(label) => put({ ...of, label })} required maxLength={100} dir="auto" />
        {!known && <Select label={s.questionType} value={of.type} onValue={(type) => put({ ...of, type: type as Draft['type'] })} options={types} />}
      </div>
      {of.type === 'select' && <TextArea label={s.options} hint={s.optionsHint} value={of.options} onValue={(options) => put({ ...of, options })} required rows={3} dir="auto" />}
      <Checkbox label={s.required} checked={of.required} onChecked={(required) => put({ ...of, required })} />
    </li>
  );
}
