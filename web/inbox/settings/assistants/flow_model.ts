// A flow as the editor holds it: the JSON of docs/guide/flows.md, step by step, with whatever else stands in it left as it is.

export type StepType = 'say' | 'ask' | 'carousel' | 'collect' | 'condition' | 'goto' | 'handover' | 'end';

export const STEP_TYPES: StepType[] = ['say', 'ask', 'carousel', 'collect', 'condition', 'goto', 'handover', 'end'];

export interface Choice {
  label: string;
  value: string;
}

export interface Card {
  title: string;
  subtitle?: string;
  image_url?: string;
  buttons?: Choice[];
}

export interface Case {
  equals?: string;
  contains?: string;
  one_of?: string[];
  is_set?: boolean;
  goto: string;
}

/** Which fields count depends on the type. */
export interface Step {
  id: string;
  type: StepType;
  text?: string;
  content_type?: string;
  rich_media?: unknown;
  goto?: string;
  save_as?: string;
  buttons?: Choice[];
  dropdown?: { placeholder?: string; options: Choice[] };
  cards?: Card[];
  hint?: string;
  otherwise?: string;
  what?: 'email' | 'phone';
  retries?: number;
  answer?: string;
  cases?: Case[];
  else?: string;
  to?: 'person' | 'ai';
  afterwards?: 'restart' | 'silence';
}

export interface Flow {
  start?: string;
  steps: Step[];
}

/** A step of a type, ready to be filled. */
export function newStep(type: StepType, steps: readonly Step[]): Step {
  const taken = new Set(steps.map(({ id }) => id));
  let id = type as string;
  for (let n = 2; taken.has(id); n++) id = `${type}_${n}`;
  const begun: Record<StepType, Partial<Step>> = {
    say: { text: '' },
    ask: { text: '', save_as: id },
    carousel: { text: '', save_as: id, cards: [{ title: '', buttons: [{ label: '', value: '' }] }] },
    collect: { what: 'email', text: '' },
    condition: { answer: steps.find(({ save_as }) => save_as)?.save_as ?? '', cases: [{ equals: '', goto: steps[0]?.id ?? id }] },
    goto: { goto: steps[0]?.id ?? id },
    handover: { to: 'person' },
    end: {},
  };
  return { id, type, ...begun[type] };
}

/** The flow with a step called otherwise, wherever it is named. */
export function renamed(flow: Flow, from: string, to: string): Flow {
  const name = (id: string | undefined) => (id === from ? to : id);
  const steps = flow.steps.map((step) =>
    without({
      ...step,
      id: name(step.id)!,
      goto: name(step.goto),
      otherwise: name(step.otherwise),
      else: name(step.else),
      cases: step.cases?.map((one) => ({ ...one, goto: name(one.goto)! })),
    }),
  );
  return without({ ...flow, start: name(flow.start), steps });
}

/** Without what is undefined: the server refuses what it does not know and null. */
export function without<T extends object>(of: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as T;
}

/** The names under which answers are kept. */
export function answerNames(flow: Flow): string[] {
  const kept = flow.steps.flatMap(({ type, save_as, what }) => (save_as ? [save_as] : type === 'collect' && what ? [what] : []));
  return [...new Set([...kept, 'contact.name', 'contact.email', 'contact.phone'])];
}

export interface Fault {
  step: string | null;
  text: string;
}

/** Where a fault is: ``flow has a fault in step `x`: it …``. */
export function faultOf(said: string): Fault {
  const error = said.replace(/\.+$/, '.');
  const named = /step `([^`]+)`: (?:it )?(.+)$/s.exec(error);
  if (named) return { step: named[1]!, text: named[2]!.charAt(0).toUpperCase() + named[2]!.slice(1) };
  return { step: null, text: error.replace(/^flow (.)/, (_, first: string) => first.toUpperCase()) };
}
