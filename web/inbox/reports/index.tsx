// The dashboard: what became of the conversations of a period, beside the equal period before.

import { useSignal } from '@preact/signals';
import { api } from '../api.ts';
import { fill, number, plural, words } from '../i18n/index.ts';
import { go, place } from '../router.ts';
import { dayName } from '../settings/days.ts';
import { Shown, useLoaded } from '../settings/kit.tsx';
import { DAYS, type Channel } from '../settings/wire.ts';
import { Avatar, Button, Card, classes, Dialog, EmptyState, Icon, LinkButton, Page, Select, TextField } from '../ui/index.ts';
import { ChartCard, described, HeatMap, Legend, Shares, TimeChart } from './charts.tsx';
import { calendarDay, compact, daysBefore, decimal, duration, iso, percent } from './format.ts';
import { ticks, timeTicks } from './ticks.ts';
import type { Day, Report, Totals } from './wire.ts';
import { words as own } from './words.ts';

const HERE = '/inbox/reports';
const PRESETS = [7, 30, 90, 365];
const USUAL = 30;
const LONGEST = 366;
/** More days than this are shown by weeks. */
const BY_DAY = 92;

interface Period {
  from: string;
  to: string;
  /** The days of a usual period that ends today. */
  days: number | null;
}

function periodOf(query: URLSearchParams): Period {
  const [from, to] = [query.get('from'), query.get('to')];
  const date = /^\d{4}-\d\d-\d\d$/;
  if (from && to && date.test(from) && date.test(to)) return { from, to, days: null };
  const asked = Number(query.get('days'));
  const days = PRESETS.includes(asked) ? asked : USUAL;
  const today = new Date();
  return { from: iso(daysBefore(today, days - 1)), to: iso(today), days };
}

export default function Reports() {
  const s = own.value;
  const { query } = place.value;
  const period = periodOf(query);
  const channel_id = query.get('channel') ?? '';
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const asked = { from: period.from, to: period.to, timezone, channel_id: channel_id || null };
  const report = useLoaded(() => api.get<Report>('/api/reports/', asked), JSON.stringify(asked));
  const channels = useLoaded(() => api.get<Channel[]>('/api/channels/'), '', 'channels');
  const choosing = useSignal(false);

  const show = (changes: Record<string, string>) => {
    const next = new URLSearchParams({ ...Object.fromEntries(query), ...changes });
    for (const [name, value] of [...next]) if (!value) next.delete(name);
    void go(next.size ? `${HERE}?${next}` : HERE, 'replace');
  };
  const ranges = [
    { value: '7', label: s.last7 },
    { value: '30', label: s.last30 },
    { value: '90', label: s.last90 },
    { value: '365', label: s.lastYear },
    { value: 'custom', label: period.days ? s.custom : `${calendarDay(period.from)} – ${calendarDay(period.to)}` },
  ];
  const csv = new URLSearchParams({ from: period.from, to: period.to, timezone, ...(channel_id && { channel_id }) });
  const actions = (
    <LinkButton href={`/api/reports/conversations.csv?${csv}`} download icon="download">
      {s.export}
    </LinkButton>
  );
  return (
    <Page title={words.value.reports} lead={s.lead} actions={actions} wide>
      <div class="filters">
        <Select
          label={s.range}
          value={period.days ? String(period.days) : 'custom'}
          onValue={(value) => {
            if (value === 'custom') choosing.value = true;
            else show({ days: value, from: '', to: '' });
          }}
          options={ranges}
        />
        {!period.days && (
          <Button icon="calendar" onClick={() => (choosing.value = true)}>
            {s.custom}
          </Button>
        )}
        {(channels.value?.length ?? 0) > 1 && (
          <Select
            label={s.channel}
            value={channel_id}
            onValue={(channel) => show({ channel })}
            options={[{ value: '', label: s.allChannels }, ...channels.value!.map(({ id, name }) => ({ value: id, label: name }))]}
          />
        )}
        <p class="field-hint">{fill(s.zone, { zone: timezone.replaceAll('_', ' ') })}</p>
      </div>
      <Shown of={report}>{(value) => <Numbers report={value} />}</Shown>
      {choosing.value && (
        <Custom
          period={period}
          close={() => (choosing.value = false)}
          chosen={(from, to) => {
            choosing.value = false;
            show({ from, to, days: '' });
          }}
        />
      )}
    </Page>
  );
}

function Custom({ period, close, chosen }: { period: Period; close: () => void; chosen: (from: string, to: string) => void }) {
  const s = own.value;
  const from = useSignal(period.from);
  const to = useSignal(period.to);
  const problem = useSignal('');
  const send = () => {
    const days = (Date.parse(to.value) - Date.parse(from.value)) / 86_400_000 + 1;
    problem.value = days < 1 ? s.wrongRange : days > LONGEST ? s.tooLong : '';
    if (!problem.value) chosen(from.value, to.value);
  };
  return (
    <Dialog open title={s.range} onClose={close} size="small">
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <TextField label={s.from} type="date" value={from.value} onValue={(value) => (from.value = value)} required />
        <TextField label={s.to} type="date" value={to.value} onValue={(value) => (to.value = value)} error={problem.value} required />
        <div class="form-end">
          <Button type="submit" kind="primary">
            {s.show}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Numbers({ report }: { report: Report }) {
  const s = own.value;
  const { totals, previous } = report;
  if (!totals.conversations && !totals.messages_in && !previous.conversations) {
    return (
      <Card>
        <EmptyState icon="chart-column" title={s.nothing} action={<LinkButton href="/inbox/settings/website">{words.value.settings}</LinkButton>}>
          {s.nothingText}
        </EmptyState>
      </Card>
    );
  }
  return (
    <>
      <Tiles totals={totals} previous={previous} />
      <OverTime report={report} />
      <div class="halves">
        <Busiest hours={report.hours} />
        <Ratings totals={totals} />
      </div>
      <div class="halves">
        <Responses report={report} />
        <Tags tags={report.tags} />
      </div>
      <Agents agents={report.agents} />
    </>
  );
}

/** Whether more of it is better, worse, or neither. */
type Better = 'more' | 'less' | 'neither';

function Tiles({ totals, previous }: { totals: Totals; previous: Totals }) {
  const s = own.value;
  const share = ({ answered_by_assistant, conversations }: Totals) => (conversations ? answered_by_assistant / conversations : null);
  const tokens = (of: Totals) => of.tokens.input + of.tokens.output;
  const spread = (p90: number | null) => (p90 === null ? '' : fill(s.median, { p90: duration(p90) }));
  const n = (value: number) => number.value.format(value);
  const orNothing = (value: number | null, format: (value: number) => string) => (value === null ? '–' : format(value));
  return (
    <ul class="tiles">
      <Tile name={s.conversations} of={totals.conversations} before={previous.conversations} format={compact} better="neither" about={fill(s.messagesParts, { in: compact(totals.messages_in), out: compact(totals.messages_out) })} />
      <Tile name={s.resolved} of={totals.resolved} before={previous.resolved} format={compact} better="more" about={fill(s.ofConversations, { n: n(totals.resolved), all: n(totals.conversations) })} />
      <Tile name={s.firstResponse} of={totals.first_response_seconds.median} before={previous.first_response_seconds.median} format={duration} better="less" about={spread(totals.first_response_seconds.p90)} />
      <Tile name={s.resolution} of={totals.resolution_seconds.median} before={previous.resolution_seconds.median} format={duration} better="less" about={spread(totals.resolution_seconds.p90)} />
      <Tile name={s.assistantShare} of={share(totals)} before={share(previous)} format={(value) => orNothing(value, percent)} better="more" about={fill(s.ofConversations, { n: n(totals.answered_by_assistant), all: n(totals.conversations) })} />
      <Tile name={s.handedOver} of={totals.handed_over} before={previous.handed_over} format={compact} better="neither" about="" />
      <Tile name={s.tokens} of={tokens(totals)} before={tokens(previous)} format={compact} better="neither" about={fill(s.tokensParts, { input: compact(totals.tokens.input), output: compact(totals.tokens.output) })} />
      <Tile name={s.rating} of={totals.rating.average} before={previous.rating.average} format={(value) => orNothing(value, decimal)} better="more" about={plural(s.ratingsCount, totals.rating.count)} star />
    </ul>
  );
}

function Tile({ name, of, before, format, better, about, star }: { name: string; of: number | null; before: number | null; format: (value: number) => string; better: Better; about: string; star?: boolean }) {
  const s = own.value;
  return (
    <li class="tile">
      <h2>{name}</h2>
      <p class="tile-number">
        {of === null ? '–' : format(of)}
        {star && of !== null && <Icon name="star" size={20} />}
      </p>
      <p class="tile-about">{about}</p>
      <p class="tile-change">
        {of === null ? null : before === null || before === 0 ? (
          s.noneBefore
        ) : (
          <>
            <Change of={of} before={before} better={better} /> <span>{fill(s.before, { value: format(before) })}</span>
          </>
        )}
      </p>
    </li>
  );
}

function Change({ of, before, better }: { of: number; before: number; better: Better }) {
  const s = own.value;
  const change = (of - before) / before;
  if (Math.abs(change) < 0.005) return <span class="change">{s.same}</span>;
  const good = better !== 'neither' && (change > 0) === (better === 'more');
  const size = percent(Math.abs(change));
  return (
    <span class={classes('change', better !== 'neither' && (good ? 'good' : 'bad'))}>
      <Icon name={change > 0 ? 'arrow-up' : 'arrow-down'} size={14} />
      <span aria-hidden="true">{size}</span>
      <span class="sr">{fill(change > 0 ? s.more : s.less, { n: size })}</span>
    </span>
  );
}

interface Stretch {
  date: string;
  conversations: number;
  resolved: number;
}

/** Days, or the weeks that they make. */
function stretches(days: Day[]): Stretch[] {
  if (days.length <= BY_DAY) return days;
  const weeks: Stretch[] = [];
  for (let i = 0; i < days.length; i += 7) {
    const week = days.slice(i, i + 7);
    const sum = (count: (day: Day) => number) => week.reduce((sum, day) => sum + count(day), 0);
    weeks.push({ date: week[0]!.date, conversations: sum((day) => day.conversations), resolved: sum((day) => day.resolved) });
  }
  return weeks;
}

function OverTime({ report }: { report: Report }) {
  const s = own.value;
  const weekly = report.days.length > BY_DAY;
  const parts = stretches(report.days);
  const most = Math.max(0, ...parts.flatMap(({ conversations, resolved }) => [conversations, resolved]));
  const label = described(s.overTime, calendarDay(report.from, 'long'), calendarDay(report.to, 'long'), number.value.format(most));
  return (
    <ChartCard
      title={s.overTime}
      lead={weekly ? s.overTimeWeeks : s.overTimeLead}
      legend={<Legend items={[s.conversations, s.resolved]} />}
      table={{ head: [weekly ? s.week : s.day, s.conversations, s.resolved], rows: parts.map(({ date, conversations, resolved }) => [calendarDay(date, 'long'), conversations, resolved]) }}
    >
      <TimeChart
        kind="bars"
        label={label}
        places={parts.map(({ date }) => ({ short: calendarDay(date), long: calendarDay(date, 'long') }))}
        series={[
          { name: s.conversations, values: parts.map((part) => part.conversations) },
          { name: s.resolved, values: parts.map((part) => part.resolved) },
        ]}
        ticks={ticks(most, true)}
        format={compact}
      />
    </ChartCard>
  );
}

function Responses({ report: { days, from, to } }: { report: Report }) {
  const s = own.value;
  const most = Math.max(0, ...days.map((day) => day.first_response_median ?? 0));
  const label = described(s.responseOverTime, calendarDay(from, 'long'), calendarDay(to, 'long'), duration(most));
  return (
    <ChartCard title={s.responseOverTime} lead={s.responseLead} table={{ head: [s.day, s.firstResponse], rows: days.map((day) => [calendarDay(day.date, 'long'), duration(day.first_response_median)]) }}>
      <TimeChart
        kind="line"
        label={label}
        places={days.map(({ date }) => ({ short: calendarDay(date), long: calendarDay(date, 'long') }))}
        series={[{ name: s.firstResponse, values: days.map((day) => day.first_response_median) }]}
        ticks={timeTicks(most)}
        format={duration}
      />
    </ChartCard>
  );
}

function Busiest({ hours }: { hours: number[][] }) {
  const s = own.value;
  const days = DAYS.map((day) => dayName(day, 'short'));
  const counts = hours.flatMap((row, day) => row.map((count, hour) => ({ day, hour, count })));
  const busiest = counts.reduce((most, one) => (one.count > most.count ? one : most), { day: 0, hour: 0, count: 0 });
  const label = `${s.hours}: ${dayName(DAYS[busiest.day]!)} ${busiest.hour}:00, ${number.value.format(busiest.count)}`;
  const rows = Array.from({ length: 24 }, (_, hour) => [`${hour}:00`, ...hours.map((row) => row[hour]!)]);
  return (
    <ChartCard title={s.hours} lead={s.hoursLead} table={{ head: [s.hour, ...days], rows }}>
      <HeatMap hours={hours} days={days} label={label} />
    </ChartCard>
  );
}

function Ratings({ totals: { rating } }: { totals: Totals }) {
  const s = own.value;
  const items = [5, 4, 3, 2, 1].map((score) => ({ name: plural(s.stars, score), count: rating.by_score[score - 1]! }));
  return (
    <Card title={s.ratings} lead={rating.average === null ? undefined : `${fill(s.average, { n: decimal(rating.average) })} · ${plural(s.ratingsCount, rating.count)}`}>
      {rating.count ? <Shares items={items} label={s.ratings} /> : <EmptyState icon="star" title={s.noRatings} />}
    </Card>
  );
}

function Tags({ tags }: { tags: Report['tags'] }) {
  const s = own.value;
  return <Card title={s.tags}>{tags.length ? <Shares items={tags.map(({ tag, count }) => ({ name: tag, count }))} label={s.tags} /> : <EmptyState icon="tags" title={s.noTags} />}</Card>;
}

function Agents({ agents }: { agents: Report['agents'] }) {
  const s = own.value;
  if (!agents.length) {
    return (
      <Card title={s.agents}>
        <EmptyState icon="users" title={s.noAgents} />
      </Card>
    );
  }
  return (
    <Card title={s.agents} flush>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={s.agents}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{s.agent}</th>
              {[s.conversations, s.replies, s.resolved, s.firstResponse, s.rating].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {agents.map(({ id, name, conversations, replies, resolved, first_response_median, rating_average }) => (
              <tr key={id}>
                <th scope="row">
                  <span class="inline">
                    <Avatar name={name} id={id} size={24} /> <bdi>{name}</bdi>
                  </span>
                </th>
                <td class="number">{number.value.format(conversations)}</td>
                <td class="number">{number.value.format(replies)}</td>
                <td class="number">{number.value.format(resolved)}</td>
                <td class="number">{duration(first_response_median)}</td>
                <td class="number">{rating_average === null ? '–' : decimal(rating_average)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
