// What is asked of a visitor beside messages: a form before the first one, a rating after the last. And when the shop is back, where
// nobody is there. Only some shops and moments need any of it, so it comes when it is needed, with its words and its look. It gets its
// tools handed in: imports would tear the panel into pieces.

import type { el } from '../shared/dom.ts';
import english, { type FormWords } from '../shared/i18n/forms/en.ts';
import type { Field } from '../shared/wire.ts';
import style from './forms.style.ts';
import type { Actions } from './view.ts';

const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
document.adoptedStyleSheets.push(sheet);

const OTHERS: Record<string, () => Promise<{ default: FormWords }>> = {
  de: () => import('../shared/i18n/forms/de.ts'),
  fr: () => import('../shared/i18n/forms/fr.ts'),
  es: () => import('../shared/i18n/forms/es.ts'),
  ar: () => import('../shared/i18n/forms/ar.ts'),
};

const SCORES = [1, 2, 3, 4, 5];
const WEEK = 6 * 86_400_000;
const LONGEST_ANSWER = 500;
const LONGEST_NAME = 100;
const LONGEST_COMMENT = 1000;

export interface Kit {
  el: typeof el;
  fill(text: string, n: number | string): string;
  /** The visitor's language. */
  tag: string;
  act(): Pick<Actions, 'post' | 'introduced'>;
  /** Why the server has refused, in its words. */
  refusal(error: unknown): string | undefined;
}

export interface Forms {
  /** What is asked before the first message. */
  ask(fields: Field[], name: string): HTMLElement;
  /** How it was. The second of the pair tells what the server has. */
  rate(rating?: number): [HTMLElement, (rating?: number) => void];
  away(message: string, opensAt: string | null): HTMLElement;
}

export async function forms(kit: Kit): Promise<Forms> {
  const { el, fill, tag } = kit;
  const other = OTHERS[tag.slice(0, 2).toLowerCase()];
  const words = other ? (await other()).default : english;

  const ask = (fields: Field[], name: string): HTMLElement => {
    const failed = el('p', { className: 'wrong', role: 'alert' });
    const start = el('button', { className: 'go' }, words.start);

    const asked = fields.map((field, i) => {
      const { key, label, type, required } = field;
      const wrong = el('p', { className: 'wrong', id: `wrong${i}` });
      const common = { id: `field${i}`, required };
      const input =
        type === 'select'
          ? el('select', common, el('option', { value: '' }, words.choose), ...(field.options ?? []).map((option) => el('option', { value: option }, option)))
          : el('input', {
              ...common,
              type: type === 'phone' ? 'tel' : type,
              maxLength: key === 'name' ? LONGEST_NAME : LONGEST_ANSWER,
              autocomplete: OWN[key] ?? 'off',
              value: key === 'name' ? name : '',
              dir: 'auto',
            });
      const complain = (why: string) => {
        wrong.textContent = why;
        input.ariaInvalid = why ? 'true' : null;
        // The reference has no property that every browser knows.
        if (why) input.setAttribute('aria-describedby', wrong.id);
        else input.removeAttribute('aria-describedby');
      };
      input.oninput = () => complain('');
      const mark = required ? [] : [el('small', {}, ` (${words.optional})`)];
      const row = el('p', {}, el('label', { htmlFor: input.id }, el('bdi', {}, label), ...mark), input, wrong);
      return { field, input, complain, row };
    });

    /** What is wrong with the first field that is wrong, which is shown. */
    const check = (): boolean => {
      for (const { field, input, complain } of asked) {
        const value = input.value.trim();
        const why = !value ? field.required && words.needed : !(LIKE[field.type] ?? /^/).test(value) && (field.type === 'email' ? words.badEmail : words.badPhone);
        if (!why) continue;
        complain(why);
        input.focus();
        return false;
      }
      return true;
    };

    const form = el('form', { className: 'ask', noValidate: true }, el('h2', {}, words.before), ...asked.map(({ row }) => row), failed, start);
    form.onsubmit = async (event) => {
      event.preventDefault();
      failed.textContent = '';
      if (!check()) return;
      start.disabled = true;
      const given = asked.map(({ field, input }) => [field.key, input.value.trim()]).filter(([, value]) => value);
      try {
        if (given.length) await kit.act().post('answers', { answers: Object.fromEntries(given) });
        kit.act().introduced();
      } catch (error) {
        const named = /^answers\.(\w+) /.exec(kit.refusal(error) ?? '')?.[1];
        const wrong = asked.find(({ field }) => field.key === named);
        if (wrong) {
          wrong.complain(wrong.field.type === 'email' ? words.badEmail : wrong.field.type === 'phone' ? words.badPhone : words.needed);
          wrong.input.focus();
        } else {
          failed.textContent = words.notSent;
        }
      }
      start.disabled = false;
    };
    return form;
  };

  const rate = (first?: number): [HTMLElement, (rating?: number) => void] => {
    const card = el('div', { className: 'rate' });
    let rated = first;
    let said = '';

    const show = (focus: boolean) => {
      const thanks = el('p', { tabIndex: -1, className: 'thanks' }, fill(words.thanks, rated!));
      const stars = el('span', { className: 'stars', ariaHidden: 'true' }, ...SCORES.map((score) => el('i', { className: score <= rated! ? 'on' : '' })));
      card.replaceChildren(stars, thanks, el('button', { type: 'button', onclick: () => question(rated, true) }, words.change));
      if (focus) thanks.focus();
    };

    const question = (chosen?: number, focus?: boolean) => {
      const failed = el('p', { className: 'wrong', role: 'alert' });
      const comment = el('textarea', { maxLength: LONGEST_COMMENT, rows: 3, placeholder: words.comment, ariaLabel: words.comment, dir: 'auto', value: said });
      const send = el('button', { className: 'go' }, words.rate);
      const rest = el('div', { className: 'rest', hidden: !chosen }, comment, failed, send);
      const stars = SCORES.map((score) => {
        const input = el('input', { type: 'radio', name: 'score', value: `${score}`, checked: score === chosen, ariaLabel: fill(words.score, score) });
        input.onchange = () => (rest.hidden = false);
        return el('label', {}, input, el('i'));
      });
      const form = el(
        'form',
        {},
        el('fieldset', {}, el('legend', {}, words.question), el('div', { className: 'stars' }, ...stars), el('p', { className: 'ends', ariaHidden: 'true' }, el('span', {}, words.worst), el('span', {}, words.best))),
        rest,
      );
      form.onsubmit = async (event) => {
        event.preventDefault();
        const score = Number(new FormData(form).get('score'));
        if (!score) return;
        failed.textContent = '';
        send.disabled = true;
        try {
          await kit.act().post('rating', { rating: score, comment: comment.value });
          rated = score;
          said = comment.value;
          show(true);
        } catch {
          failed.textContent = words.notSent;
          send.disabled = false;
        }
      };
      card.replaceChildren(form);
      if (focus) stars[(chosen ?? 1) - 1]!.querySelector('input')!.focus();
    };

    if (rated) show(false);
    else question();
    return [
      card,
      (rating) => {
        if (!rating || rating === rated) return;
        rated = rating;
        show(false);
      },
    ];
  };

  const away = (message: string, opensAt: string | null): HTMLElement => {
    const note = el('div', { className: 'note' }, el('bdi', {}, message));
    if (opensAt) {
      const at = new Date(opensAt);
      const clock = { hour: 'numeric', minute: '2-digit' } as const;
      const today = at.toDateString() === new Date().toDateString();
      const far = at.getTime() - Date.now() > WEEK ? ({ day: 'numeric', month: 'long' } as const) : {};
      const when = new Intl.DateTimeFormat(tag, today ? clock : { weekday: 'long', ...far, ...clock }).format(at);
      note.append(el('p', {}, fill(today ? words.backToday : words.backOn, when)));
    }
    return note;
  };

  return { ask, rate, away };
}

/** What browsers may fill in by themselves. */
const OWN: Record<string, AutoFill> = { name: 'name', email: 'email', phone: 'tel' };

/** What the server would take, roughly: it has the last word. */
const LIKE: Record<string, RegExp> = { email: /^[^@\s]+@[^@\s]+\.[^@\s.]+$/, phone: /^\+?([ \-./()]*\d){6,15}[ \-./()]*$/ };
