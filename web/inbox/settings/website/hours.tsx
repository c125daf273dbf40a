import { fill } from '../../i18n/index.ts';
import { Card, IconButton, Select, Switch, TextArea } from '../../ui/index.ts';
import { dayName } from '../days.ts';
import { FormOf, useForm } from '../kit.tsx';
import { DAYS, type ChannelSettings, type Day, type Stretch } from '../wire.ts';
import { words as own } from '../words.ts';
import type { Part } from './index.tsx';
import { saveSettings, type SettingsChange } from './save.ts';

const USUAL: Stretch = ['09:00', '17:00'];
const MOST = 10;

interface Draft {
  enabled: boolean;
  timezone: string;
  week: Record<Day, Stretch[]>;
  away_message: string;
  reply_time: string;
  /** What the server calls all of the above but the reply time. */
  hours: null;
}

function drafted({ hours, reply_time }: ChannelSettings): Draft {
  const usual = (day: Day) => (day === 'sat' || day === 'sun' ? [] : [USUAL]);
  return {
    enabled: hours?.enabled ?? false,
    timezone: hours?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    week: Object.fromEntries(DAYS.map((day) => [day, hours ? (hours.week[day] ?? []) : usual(day)])) as Record<Day, Stretch[]>,
    away_message: hours?.away_message ?? '',
    reply_time: reply_time ?? '',
    hours: null,
  };
}

function change({ enabled, timezone, week, away_message, reply_time }: Draft): SettingsChange {
  const open = Object.fromEntries(DAYS.filter((day) => week[day].length).map((day) => [day, week[day]]));
  return {
    hours: { enabled, timezone, week: open, ...(away_message.trim() && { away_message: away_message.trim() }) },
    reply_time: (reply_time || null) as ChannelSettings['reply_time'],
  };
}

export function HoursForm({ channel, locked, changed }: Part) {
  const s = own.value;
  const form = useForm(drafted(channel.settings));
  const { draft, set } = form;
  const send = async () => {
    const saved = await saveSettings(channel, form, change);
    if (saved) changed(saved);
  };
  const zones = [...new Set([draft.timezone, 'UTC', ...Intl.supportedValuesOf('timeZone')])].sort();
  const replyTimes = [
    { value: '', label: s.replyNone },
    { value: 'minutes', label: s.replyMinutes },
    { value: 'hours', label: s.replyHours },
    { value: 'day', label: s.replyDay },
  ];
  return (
    <Card title={s.tabHours} lead={s.hoursLead}>
      <FormOf form={form} send={() => void send()} locked={locked}>
        <Switch label={s.hoursEnabled} hint={s.hoursEnabledHint} checked={draft.enabled} onChecked={(enabled) => set({ enabled })} />
        <Select label={s.timezone} value={draft.timezone} onValue={(timezone) => set({ timezone })} options={zones.map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') }))} />
        <Week week={draft.week} locked={locked} onWeek={(week) => set({ week })} />
        {form.error('hours') && <p class="field-error" role="alert">{form.error('hours')}</p>}
        <TextArea label={s.away} hint={s.awayHint} value={draft.away_message} onValue={(away_message) => set({ away_message })} maxLength={500} rows={2} dir="auto" />
        <Select label={s.replyTime} hint={s.replyTimeHint} value={draft.reply_time} onValue={(reply_time) => set({ reply_time })} options={replyTimes} error={form.error('reply_time')} />
      </FormOf>
    </Card>
  );
}

function Week({ week, locked, onWeek }: { week: Record<Day, Stretch[]>; locked: boolean; onWeek: (week: Record<Day, Stretch[]>) => void }) {
  const s = own.value;
  const put = (day: Day, stretches: Stretch[]) => onWeek({ ...week, [day]: stretches });
  return (
    <div class="week" role="group" aria-label={s.week}>
      {DAYS.map((day) => {
        const name = dayName(day);
        const stretches = week[day];
        return (
          <div key={day} class="week-day" role="group" aria-label={name}>
            <Switch label={name} checked={stretches.length > 0} disabled={locked} onChecked={(open) => put(day, open ? [USUAL] : [])} />
            <div class="week-times">
              {!stretches.length && <span class="muted">{s.closed}</span>}
              {stretches.map((stretch, i) => (
                <Times
                  key={i}
                  label={stretches.length > 1 ? `${name} ${i + 1}` : name}
                  stretch={stretch}
                  locked={locked}
                  onStretch={(next) => put(day, stretches.map((old, at) => (at === i ? next : old)))}
                  remove={stretches.length > 1 ? () => put(day, stretches.filter((_, at) => at !== i)) : undefined}
                />
              ))}
            </div>
            {!locked && stretches.length > 0 && (
              <div class="week-more">
                <IconButton size="small" icon="plus" label={fill(s.addTime, { day: name })} disabled={stretches.length >= MOST} onClick={() => put(day, [...stretches, after(stretches)])} />
                <IconButton size="small" icon="copy" label={fill(s.copyDay, { day: name })} onClick={() => onWeek(Object.fromEntries(DAYS.map((other) => [other, week[other].length || other === day ? stretches : []])) as Record<Day, Stretch[]>)} />
              </div>
            )}
          </div>
        );
      })}
    </div>
  );
}

/** A stretch that begins an hour after the last one ends, if there is room. */
function after(stretches: Stretch[]): Stretch {
  const end = Number(stretches.at(-1)![1].slice(0, 2));
  const from = Math.min(end + 1, 23);
  return [`${String(from).padStart(2, '0')}:00`, from + 4 > 23 ? '24:00' : `${String(from + 4).padStart(2, '0')}:00`];
}

/** A field for times knows no 24:00: the end of a day is midnight there. */
function Times({ label, stretch: [from, to], locked, onStretch, remove }: { label: string; stretch: Stretch; locked: boolean; onStretch: (stretch: Stretch) => void; remove: (() => void) | undefined }) {
  const s = own.value;
  return (
    <div class="times">
      <input type="time" class="input" required aria-label={fill(s.opens, { day: label })} value={from} disabled={locked} onInput={(event) => onStretch([event.currentTarget.value, to])} />
      <span aria-hidden="true">–</span>
      <input
        type="time"
        class="input"
        required
        aria-label={fill(s.closes, { day: label })}
        value={to === '24:00' ? '00:00' : to}
        disabled={locked}
        onInput={(event) => onStretch([from, event.currentTarget.value === '00:00' ? '24:00' : event.currentTarget.value])}
      />
      {remove && !locked && <IconButton size="small" icon="x" label={fill(s.removeTime, { day: label })} onClick={remove} />}
    </div>
  );
}
