import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { fill, words } from '../../i18n/index.ts';
import { Badge, Button, Checkbox, classes, Icon, IconButton, Select, TextArea, TextField } from '../../ui/index.ts';
import { words as own } from '../words.ts';
import { stepName, STEP_ICONS } from './flow.tsx';
import { answerNames, without, type Card, type Case, type Choice, type Flow, type Step } from './flow_model.ts';

const MOST_BUTTONS = 20;
const MOST_OPTIONS = 100;
const MOST_CARDS = 20;
const MOST_CARD_BUTTONS = 10;
const MOST_CASES = 50;
const LONGEST = 4000;
/** More steps than these stand folded, so that the whole is to be seen. */
const FEW = 4;

interface Props {
  step: Step;
  number: number;
  flow: Flow;
  locked: boolean;
  fault: string | undefined;
  unreachable: boolean;
  put: (step: Step) => void;
  rename: (to: string) => void;
  remove: () => void;
  move: (by: 1 | -1) => void;
  last: boolean;
  after: ComponentChildren;
}

/** One step: what it says, what it asks, and where it goes on. */
export function StepCard({ step, number, flow, locked, fault, unreachable, put, rename, remove, move, last, after }: Props) {
  const s = own.value;
  const open = useSignal(flow.steps.length <= FEW || !(step.text || step.cases?.some(({ goto, ...test }) => goto && Object.values(test).some(Boolean))));
  const name = `${number}. ${stepName(step.type)}`;
  return (
    <li id={`step-${step.id}`} class={classes('step', fault && 'faulty')} aria-label={name}>
      <div class="box-head">
        <span class="step-icon">
          <Icon name={STEP_ICONS[step.type]} size={18} />
        </span>
        <b>{name}</b>
        <code dir="ltr">{step.id}</code>
        {unreachable && <Badge tone="warn">{s.unreachable}</Badge>}
        <span class="inline tight">
          {!locked && <IconButton size="small" icon="arrow-up" label={fill(s.moveUp, { name })} disabled={number === 1} onClick={() => move(-1)} />}
          {!locked && <IconButton size="small" icon="arrow-down" label={fill(s.moveDown, { name })} disabled={last} onClick={() => move(1)} />}
          {!locked && <IconButton size="small" icon="trash-2" label={fill(s.removeNamed, { name })} onClick={remove} />}
          <IconButton size="small" icon={open.value ? 'chevron-up' : 'chevron-down'} label={fill(open.value ? s.fold : s.unfold, { name })} aria-expanded={open.value} onClick={() => (open.value = !open.value)} />
        </span>
      </div>
      {fault && (
        <p class="field-error" role="alert">
          {fault}
        </p>
      )}
      {!open.value && <Summary step={step} />}
      {open.value && (
        <fieldset class="form" disabled={locked}>
          <Fields step={step} flow={flow} put={put} />
          <details>
            <summary>{s.more}</summary>
            <div class="form">
              <StepId id={step.id} flow={flow} rename={rename} />
              {(step.type === 'ask' || step.type === 'carousel' || step.type === 'collect') && (
                <TextField label={s.saveAs} hint={s.saveAsHint} value={step.save_as ?? ''} onValue={(save_as) => put(without<Step>({ ...step, save_as: save_as || undefined }))} maxLength={40} pattern="[A-Za-z0-9_]+" dir="ltr" />
              )}
            </div>
          </details>
        </fieldset>
      )}
      {!locked && <div class="step-after">{after}</div>}
    </li>
  );
}

/** A folded step: what it says, and where it leads. */
function Summary({ step }: { step: Step }) {
  const choices = step.buttons ?? step.dropdown?.options ?? step.cards?.map(({ title }) => ({ label: title, value: title }));
  const leads = [...(step.cases ?? []).map(({ goto }) => goto), step.else, step.goto, step.otherwise].filter((id) => id !== undefined);
  return (
    <div class="step-sum">
      {step.text && (
        <p class="clamped" dir="auto">
          {step.text}
        </p>
      )}
      {choices && (
        <p class="inline">
          {choices.map(({ label, value }) => (
            <Badge key={value}>
              <bdi>{label}</bdi>
            </Badge>
          ))}
        </p>
      )}
      {leads.length > 0 && (
        <p class="inline muted">
          <Icon name="arrow-right" size={14} />
          {[...new Set(leads)].map((id) => (
            <code key={id} dir="ltr">
              {id}
            </code>
          ))}
        </p>
      )}
    </div>
  );
}

/** A name that others go to: it counts once it is typed to the end. */
function StepId({ id, flow, rename }: { id: string; flow: Flow; rename: (to: string) => void }) {
  const s = own.value;
  const text = useSignal(id);
  const problem = useSignal('');
  return (
    <TextField
      label={s.stepId}
      hint={s.stepIdHint}
      error={problem.value}
      value={text.value}
      onValue={(value) => (text.value = value)}
      onBlur={() => {
        const to = text.value.trim();
        if (to === id) return;
        problem.value = !/^[A-Za-z0-9_-]{1,40}$/.test(to) ? s.stepIdWrong : flow.steps.some((step) => step.id === to) ? s.stepIdTaken : '';
        if (!problem.value) rename(to);
      }}
      maxLength={40}
      dir="ltr"
    />
  );
}

interface Parts {
  step: Step;
  flow: Flow;
  put: (step: Step) => void;
}

function Fields({ step, flow, put }: Parts) {
  const s = own.value;
  const set = (changes: { [K in keyof Step]?: Step[K] | undefined }) => put(without<Step>({ ...step, ...changes } as Step));
  const text = (required: boolean) => (
    <TextArea label={required ? s.says : `${s.says} (${words.value.optional})`} value={step.text ?? ''} onValue={(text) => set({ text: text || (required ? '' : undefined) })} required={required} rows={2} maxLength={LONGEST} dir="auto" />
  );
  const goesOn = <To label={s.goesOn} none={s.nextStep} value={step.goto} flow={flow} onValue={(goto) => set({ goto })} />;
  const otherwise = (none: string) => <To label={s.otherwise} none={none} value={step.otherwise} flow={flow} onValue={(otherwise) => set({ otherwise })} />;
  const hint = <TextField label={`${s.hint} (${words.value.optional})`} hint={s.hintHint} value={step.hint ?? ''} onValue={(hint) => set({ hint: hint || undefined })} maxLength={LONGEST} dir="auto" />;
  switch (step.type) {
    case 'say':
      return (
        <>
          {text(!step.rich_media)}
          {step.content_type && step.content_type !== 'text' && <p class="field-hint">{fill(s.richInJson, { type: step.content_type })}</p>}
          {goesOn}
        </>
      );
    case 'ask':
      return (
        <>
          {text(true)}
          <Answers step={step} set={set} />
          {(step.buttons || step.dropdown) && hint}
          <div class="form-row">
            {goesOn}
            {(step.buttons || step.dropdown) && otherwise(s.askAgain)}
          </div>
        </>
      );
    case 'carousel':
      return (
        <>
          {text(false)}
          <Cards cards={step.cards ?? []} put={(cards) => set({ cards })} />
          {hint}
          <div class="form-row">
            {goesOn}
            {otherwise(s.askAgain)}
          </div>
        </>
      );
    case 'collect':
      return (
        <>
          <Select
            label={s.collects}
            value={step.what ?? 'email'}
            onValue={(what) => set({ what: what as 'email' | 'phone' })}
            options={[
              { value: 'email', label: s.askEmail },
              { value: 'phone', label: s.askPhone },
            ]}
          />
          {text(true)}
          {hint}
          <div class="form-row">
            <TextField label={s.retries} hint={s.retriesHint} type="number" min={0} max={10} value={String(step.retries ?? 2)} onValue={(retries) => set({ retries: retries === '' ? undefined : Number(retries) })} />
            {goesOn}
            {otherwise(s.goesOnAnyway)}
          </div>
        </>
      );
    case 'condition':
      return (
        <>
          <Select label={s.looksAt} value={step.answer ?? ''} onValue={(answer) => set({ answer })} options={[...new Set([...(step.answer ? [step.answer] : ['']), ...answerNames(flow)])].map((value) => ({ value, label: value || s.choose }))} />
          <Cases cases={step.cases ?? []} flow={flow} put={(cases) => set({ cases })} />
          <To label={s.elseGoes} none={s.nextStep} value={step.else} flow={flow} onValue={(to) => set({ else: to })} />
        </>
      );
    case 'goto':
      return <To label={s.goesOn} value={step.goto} flow={flow} onValue={(goto) => set({ goto })} />;
    case 'handover':
      return (
        <>
          <Select
            label={s.handsTo}
            value={step.to ?? 'person'}
            onValue={(to) => set({ to: to as 'person' | 'ai' })}
            options={[
              { value: 'person', label: s.toPerson },
              { value: 'ai', label: s.toAi },
            ]}
          />
          {text(false)}
        </>
      );
    case 'end':
      return (
        <>
          {text(false)}
          <Select
            label={s.afterwards}
            value={step.afterwards ?? 'restart'}
            onValue={(afterwards) => set({ afterwards: afterwards as 'restart' | 'silence' })}
            options={[
              { value: 'restart', label: s.restart },
              { value: 'silence', label: s.silence },
            ]}
          />
        </>
      );
  }
}

/** Which step comes next. */
function To({ label, none, value, flow, onValue }: { label: string; none?: string; value: string | undefined; flow: Flow; onValue: (value: string | undefined) => void }) {
  const ids = flow.steps.map(({ id }) => id);
  const lost = value && !ids.includes(value) ? [{ value, label: fill(own.value.lostStep, { id: value }) }] : [];
  const options = [...(none === undefined ? [] : [{ value: '', label: none }]), ...lost, ...flow.steps.map(({ id, type }, i) => ({ value: id, label: `${i + 1}. ${stepName(type)} – ${id}` }))];
  return <Select label={label} value={value ?? ''} onValue={(id) => onValue(id || undefined)} options={options} />;
}

function Answers({ step, set }: { step: Step; set: (changes: { [K in keyof Step]?: Step[K] | undefined }) => void }) {
  const s = own.value;
  const kind = step.buttons ? 'buttons' : step.dropdown ? 'dropdown' : 'text';
  const choices = step.buttons ?? step.dropdown?.options ?? [];
  const begun = choices.length ? choices : [{ label: '', value: '' }];
  const turn = (to: string) =>
    set({ buttons: to === 'buttons' ? begun.slice(0, MOST_BUTTONS) : undefined, dropdown: to === 'dropdown' ? { options: begun } : undefined, ...(to === 'text' && { hint: undefined, otherwise: undefined }) });
  return (
    <>
      <Select
        label={s.answers}
        value={kind}
        onValue={turn}
        options={[
          { value: 'text', label: s.answerText },
          { value: 'buttons', label: s.answerButtons },
          { value: 'dropdown', label: s.answerDropdown },
        ]}
      />
      {step.buttons && <Choices choices={step.buttons} most={MOST_BUTTONS} put={(buttons) => set({ buttons })} />}
      {step.dropdown && (
        <>
          <TextField label={`${s.placeholder} (${words.value.optional})`} value={step.dropdown.placeholder ?? ''} onValue={(placeholder) => set({ dropdown: without({ ...step.dropdown!, placeholder: placeholder || undefined }) })} maxLength={200} dir="auto" />
          <Choices choices={step.dropdown.options} most={MOST_OPTIONS} put={(options) => set({ dropdown: { ...step.dropdown!, options } })} />
        </>
      )}
    </>
  );
}

function Choices({ choices, most, put }: { choices: Choice[]; most: number; put: (choices: Choice[]) => void }) {
  const s = own.value;
  const change = (at: number, changes: Partial<Choice>) => put(choices.map((old, i) => (i === at ? { ...old, ...changes } : old)));
  // Who types a label without having thought of a value gets one.
  const label = (at: number, text: string) => {
    const { label, value } = choices[at]!;
    change(at, { label: text, ...(value === label && { value: text }) });
  };
  return (
    <div class="choices" role="group" aria-label={s.choices}>
      {choices.map(({ label: said, value }, i) => (
        <div key={i} class="choice">
          <TextField label={fill(s.choiceLabel, { n: i + 1 })} bare placeholder={s.choiceLabelShort} value={said} onValue={(text) => label(i, text)} required maxLength={200} dir="auto" />
          <TextField label={fill(s.choiceValue, { n: i + 1 })} bare placeholder={s.choiceValueShort} value={value} onValue={(value) => change(i, { value })} required maxLength={1000} dir="auto" />
          <IconButton icon="x" label={fill(s.removeNamed, { name: said || String(i + 1) })} disabled={choices.length === 1} onClick={() => put(choices.filter((_, at) => at !== i))} />
        </div>
      ))}
      {choices.length < most && (
        <div>
          <Button size="small" kind="quiet" icon="plus" onClick={() => put([...choices, { label: '', value: '' }])}>
            {s.addChoice}
          </Button>
        </div>
      )}
    </div>
  );
}

function Cards({ cards, put }: { cards: Card[]; put: (cards: Card[]) => void }) {
  const s = own.value;
  return (
    <div class="stack small" role="group" aria-label={s.cards}>
      {cards.map((card, i) => {
        const set = (changes: { [K in keyof Card]?: Card[K] | undefined }) => put(cards.map((old, at) => (at === i ? without<Card>({ ...old, ...changes } as Card) : old)));
        const name = card.title || fill(s.cardNumber, { n: i + 1 });
        return (
          <div key={i} class="box" role="group" aria-label={name}>
            <div class="box-head">
              <b dir="auto">{name}</b>
              <IconButton size="small" icon="trash-2" label={fill(s.removeNamed, { name })} disabled={cards.length === 1} onClick={() => put(cards.filter((_, at) => at !== i))} />
            </div>
            <div class="form-row">
              <TextField label={s.title} value={card.title} onValue={(title) => set({ title })} required maxLength={200} dir="auto" />
              <TextField label={`${s.subtitle} (${words.value.optional})`} value={card.subtitle ?? ''} onValue={(subtitle) => set({ subtitle: subtitle || undefined })} maxLength={1000} dir="auto" />
            </div>
            <TextField label={`${s.imageUrl} (${words.value.optional})`} type="url" value={card.image_url ?? ''} onValue={(image_url) => set({ image_url: image_url || undefined })} maxLength={2000} dir="ltr" />
            <Choices choices={card.buttons ?? []} most={MOST_CARD_BUTTONS} put={(buttons) => set({ buttons })} />
          </div>
        );
      })}
      {cards.length < MOST_CARDS && (
        <div>
          <Button size="small" kind="quiet" icon="plus" onClick={() => put([...cards, { title: '', buttons: [{ label: '', value: '' }] }])}>
            {s.addCard}
          </Button>
        </div>
      )}
    </div>
  );
}

type Test = 'equals' | 'contains' | 'one_of' | 'is_set';

function testOf(one: Case): Test {
  return one.equals !== undefined ? 'equals' : one.contains !== undefined ? 'contains' : one.one_of !== undefined ? 'one_of' : 'is_set';
}

function Cases({ cases, flow, put }: { cases: Case[]; flow: Flow; put: (cases: Case[]) => void }) {
  const s = own.value;
  const tests = [
    { value: 'equals', label: s.testEquals },
    { value: 'contains', label: s.testContains },
    { value: 'one_of', label: s.testOneOf },
    { value: 'is_set', label: s.testIsSet },
  ];
  const made = (test: Test, value: string, goto: string): Case =>
    test === 'is_set' ? { is_set: value !== 'false', goto } : test === 'one_of' ? { one_of: value.split('\n').map((line) => line.trim()).filter(Boolean), goto } : { [test]: value, goto };
  return (
    <div class="stack small" role="group" aria-label={s.cases}>
      {cases.map((one, i) => {
        const test = testOf(one);
        const value = one.equals ?? one.contains ?? one.one_of?.join('\n') ?? '';
        const set = (next: Case) => put(cases.map((old, at) => (at === i ? next : old)));
        const name = fill(s.caseNumber, { n: i + 1 });
        return (
          <div key={i} class="box" role="group" aria-label={name}>
            <div class="box-head">
              <b>{name}</b>
              <IconButton size="small" icon="trash-2" label={fill(s.removeNamed, { name })} disabled={cases.length === 1} onClick={() => put(cases.filter((_, at) => at !== i))} />
            </div>
            <div class="form-row">
              <Select label={s.test} value={test} onValue={(to) => set(made(to as Test, value, one.goto))} options={tests} />
              {test === 'one_of' ? (
                <TextArea label={s.testValues} hint={s.oneALine} value={value} onValue={(text) => set({ one_of: text.split('\n'), goto: one.goto })} onBlur={() => set(made('one_of', value, one.goto))} rows={3} dir="auto" />
              ) : test === 'is_set' ? (
                <Checkbox label={s.testSet} checked={one.is_set !== false} onChecked={(is_set) => set({ is_set, goto: one.goto })} />
              ) : (
                <TextField label={s.testValue} value={value} onValue={(text) => set({ [test]: text, goto: one.goto })} required maxLength={1000} dir="auto" />
              )}
              <To label={s.goesOn} value={one.goto} flow={flow} onValue={(goto) => set({ ...one, goto: goto ?? one.goto })} />
            </div>
          </div>
        );
      })}
      {cases.length < MOST_CASES && (
        <div>
          <Button size="small" kind="quiet" icon="plus" onClick={() => put([...cases, { equals: '', goto: cases.at(-1)?.goto ?? flow.steps[0]!.id }])}>
            {s.addCase}
          </Button>
        </div>
      )}
    </div>
  );
}
