// The editor of a scripted flow: its steps as cards, beside it a chat to try what is there now.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api } from '../../api.ts';
import { fill, words } from '../../i18n/index.ts';
import { may } from '../../session.ts';
import { ask, Button, Card, EmptyState, failed, Field, LinkButton, Menu, Page, Select, Tabs, toast, why, type IconName } from '../../ui/index.ts';
import { Alert, Locked, Shown, useLoaded, useUnsaved } from '../kit.tsx';
import type { Assistant } from '../wire.ts';
import { words as own } from '../words.ts';
import { faultOf, newStep, renamed, STEP_TYPES, without, type Flow, type Step, type StepType } from './flow_model.ts';
import { StepCard } from './flow_step.tsx';
import { TryFlow } from './flow_try.tsx';

/** How long somebody may pause before the server is asked what it thinks of it. */
const PAUSE = 400;

const MOST_STEPS = 200;

interface Saved {
  revision: number;
  flow: Flow;
}

interface Checked {
  valid: boolean;
  error?: string;
  unreachable: string[];
}

export const STEP_ICONS: Record<StepType, IconName> = {
  say: 'message-square',
  ask: 'circle-help',
  carousel: 'image',
  collect: 'at-sign',
  condition: 'workflow',
  goto: 'arrow-right',
  handover: 'users',
  end: 'circle-check',
};

export function stepName(type: StepType): string {
  const s = own.value;
  return { say: s.stepSay, ask: s.stepAsk, carousel: s.stepCarousel, collect: s.stepCollect, condition: s.stepCondition, goto: s.stepGoto, handover: s.stepHandover, end: s.stepEnd }[type];
}

export function FlowPage({ id }: { id: string }) {
  const s = own.value;
  const assistant = useLoaded(() => api.get<Assistant>(`/api/assistants/${id}`));
  const flow = useLoaded<Saved>(async () => {
    const answer = await api.get<Saved>(`/api/assistants/${id}/flow`);
    return !answer.ok && answer.status === 404 ? { ok: true, value: { revision: 0, flow: { steps: [] } } } : answer;
  });
  const back = (
    <LinkButton href={`/inbox/settings/assistants/${id}`} kind="quiet" icon="arrow-left">
      {assistant.value?.name ?? s.assistant}
    </LinkButton>
  );
  return (
    <Page title={s.flow} lead={s.flowPageLead} actions={back} wide>
      <Shown of={flow}>{(saved) => <Editor key={saved.revision} id={id} saved={saved} put={flow.put} />}</Shown>
    </Page>
  );
}

function Editor({ id, saved, put }: { id: string; saved: Saved; put: (saved: Saved) => void }) {
  const s = own.value;
  const locked = !may('manage_channels');
  const flow = useSignal<Flow>(saved.flow);
  const checked = useSignal<Checked | null>(null);
  const view = useSignal<'steps' | 'json'>('steps');
  const busy = useSignal(false);
  const problem = useSignal('');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const differs = () => JSON.stringify(flow.peek()) !== JSON.stringify(saved.flow);
  const dirty = flow.value !== saved.flow && differs();
  useUnsaved(dirty, differs);
  const path = `/api/assistants/${id}/flow`;

  useEffect(() => {
    const wanted = flow.value;
    if (!wanted.steps.length) {
      checked.value = null;
      return;
    }
    timer.current = setTimeout(() => {
      void api.post<Checked>(`${path}/check`, wanted).then((answer) => {
        if (answer.ok && flow.value === wanted) checked.value = answer.value;
      });
    }, PAUSE);
    return () => clearTimeout(timer.current);
  }, [flow.value]);

  const fault = checked.value?.error ? faultOf(checked.value.error) : null;
  const steps = flow.value.steps;
  const putSteps = (next: Step[]) => (flow.value = { ...flow.value, steps: next });
  const add = (type: StepType, at = steps.length) => {
    const made = newStep(type, steps);
    putSteps([...steps.slice(0, at), made, ...steps.slice(at)]);
    requestAnimationFrame(() => document.getElementById(`step-${made.id}`)?.querySelector<HTMLElement>('textarea, input, select')?.focus());
  };
  const remove = async (step: Step) => {
    const named = steps.some((other) => other !== step && JSON.stringify({ ...other, id: '' }).includes(JSON.stringify(step.id)));
    if (named && !(await ask({ title: fill(s.removeStepTitle, { id: step.id }), text: s.removeStepText, yes: words.value.delete, danger: true }))) return;
    const { start, ...rest } = flow.value;
    flow.value = { ...rest, ...(start && start !== step.id && { start }), steps: steps.filter((other) => other !== step) };
  };
  const save = async () => {
    busy.value = true;
    problem.value = '';
    const answer = await api.put<{ revision: number }>(path, flow.value);
    busy.value = false;
    if (!answer.ok) {
      problem.value = why(answer);
      const where = faultOf(problem.value).step;
      if (where) document.getElementById(`step-${where}`)?.scrollIntoView({ block: 'center' });
      return;
    }
    toast(words.value.saved, { tone: 'good' });
    put({ revision: answer.value.revision, flow: flow.value });
  };
  const drop = async () => {
    if (!(await ask({ title: s.removeFlowTitle, text: s.removeFlowText, yes: words.value.delete, danger: true }))) return;
    const answer = await api.delete(path);
    if (!answer.ok) return failed(words.value.notSaved, answer);
    flow.value = saved.flow;
    put({ revision: 0, flow: { steps: [] } });
  };
  const tabs = [
    { id: 'steps', label: s.steps, count: steps.length },
    { id: 'json', label: s.json },
  ] as const;
  return (
    <div class="beside even">
      <div class="stack">
        {locked && <Locked />}
        <Tabs label={s.flow} tabs={tabs} active={view.value} onChange={(to) => (view.value = to)}>
          {view.value === 'json' ? (
            <Json flow={flow.value} locked={locked} put={(next) => (flow.value = next)} />
          ) : (
            <div class="stack small">
              {!steps.length && (
                <Card>
                  <EmptyState icon="workflow" title={s.noSteps} action={!locked && <AddStep add={add} primary />}>
                    {s.noStepsText}
                  </EmptyState>
                </Card>
              )}
              {steps.length > 0 && <p class="field-hint">{s.saysHint}</p>}
              {steps.length > 0 && (
                <Select
                  label={s.beginsWith}
                  value={flow.value.start ?? ''}
                  disabled={locked}
                  onValue={(start) => (flow.value = without<Flow>({ ...flow.value, start: start || undefined }))}
                  options={[{ value: '', label: s.firstStep }, ...steps.map((step) => ({ value: step.id, label: step.id }))]}
                />
              )}
              <ol class="stack small" aria-label={s.steps}>
                {steps.map((step, i) => (
                  <StepCard
                    key={step.id}
                    step={step}
                    number={i + 1}
                    flow={flow.value}
                    locked={locked}
                    fault={fault?.step === step.id ? fault.text : undefined}
                    unreachable={checked.value?.valid === true && checked.value.unreachable.includes(step.id)}
                    put={(next) => putSteps(steps.map((old) => (old === step ? next : old)))}
                    rename={(to) => (flow.value = renamed(flow.value, step.id, to))}
                    remove={() => void remove(step)}
                    move={(by) => putSteps(moved(steps, i, by))}
                    last={i === steps.length - 1}
                    after={<AddStep add={(type) => add(type, i + 1)} small />}
                  />
                ))}
              </ol>
              {steps.length > 0 && steps.length < MOST_STEPS && !locked && (
                <div>
                  <AddStep add={add} />
                </div>
              )}
            </div>
          )}
        </Tabs>
        {!locked && (
          <div class="savebar">
            {problem.value && <Alert tone="bad">{problem.value}</Alert>}
            {!problem.value && fault && <Alert tone="warn">{fault.step ? fill(s.faultAt, { id: fault.step, text: fault.text }) : fault.text}</Alert>}
            {!problem.value && checked.value?.valid && dirty && <Alert tone="good">{s.flowValid}</Alert>}
            <div class="form-end">
              {saved.revision > 0 && (
                <Button kind="quiet" icon="trash-2" class="start" onClick={() => void drop()}>
                  {s.removeFlow}
                </Button>
              )}
              {dirty && (
                <Button kind="quiet" onClick={() => (flow.value = saved.flow)}>
                  {words.value.discard}
                </Button>
              )}
              <Button kind="primary" busy={busy.value} disabled={!dirty || !steps.length} onClick={() => void save()}>
                {words.value.save}
              </Button>
            </div>
          </div>
        )}
      </div>
      {!locked && <TryFlow id={id} flow={flow.value} usable={steps.length > 0 && !fault} />}
    </div>
  );
}

function moved<T>(list: readonly T[], at: number, by: number): T[] {
  const next = [...list];
  const [one] = next.splice(at, 1);
  next.splice(at + by, 0, one!);
  return next;
}

function AddStep({ add, small, primary }: { add: (type: StepType) => void; small?: boolean; primary?: boolean }) {
  const s = own.value;
  return (
    <Menu
      label={small ? s.addStepAfter : s.addStep}
      items={STEP_TYPES.map((type) => ({ label: stepName(type), icon: STEP_ICONS[type], run: () => add(type) }))}
      trigger={({ buttonRef, ...props }) => (
        <Button size={small ? 'small' : 'medium'} kind={primary ? 'primary' : small ? 'quiet' : 'secondary'} icon="plus" buttonRef={buttonRef} {...props}>
          {small ? s.addStepAfter : s.addStep}
        </Button>
      )}
    />
  );
}

/** The flow as it is written. What is no JSON yet stays here. */
function Json({ flow, locked, put }: { flow: Flow; locked: boolean; put: (flow: Flow) => void }) {
  const s = own.value;
  const text = useSignal(JSON.stringify(flow, null, 2));
  const problem = useSignal('');
  const change = (next: string) => {
    text.value = next;
    try {
      const read = JSON.parse(next) as Flow;
      const fits = Array.isArray(read?.steps) && read.steps.every((step) => typeof step?.id === 'string' && STEP_TYPES.includes(step.type));
      problem.value = fits ? '' : s.jsonShape;
      if (fits) put(read);
    } catch (error) {
      problem.value = fill(s.jsonBroken, { reason: (error as Error).message });
    }
  };
  return (
    <Card>
      <Field label={s.json} hint={s.jsonHint} error={problem.value}>
        {(control) => <textarea {...control} class="input code" rows={24} spellcheck={false} dir="ltr" readOnly={locked} value={text.value} onInput={(event) => change(event.currentTarget.value)} />}
      </Field>
    </Card>
  );
}
