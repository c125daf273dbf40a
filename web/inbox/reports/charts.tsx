// Charts of our own. Each is a picture with a name; the numbers themselves stand in a table behind a button.

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { fill, locale, number } from '../i18n/index.ts';
import { Button, Card, classes } from '../ui/index.ts';
import { words as own } from './words.ts';

const HEIGHT = 240;
const LEFT = 52;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 26;

/** How wide something is, as long as it is there. */
function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => (width.value = Math.floor(entry!.contentRect.width)));
    watch.observe(ref.current!);
    return () => watch.disconnect();
  }, []);
  return { ref, width: width.value };
}

export interface Table {
  head: string[];
  rows: (string | number)[][];
}

/** A chart in a card, or its numbers. */
export function ChartCard({ title, lead, table, legend, children }: { title: string; lead?: string; table: Table; legend?: ComponentChildren; children: ComponentChildren }) {
  const s = own.value;
  const asTable = useSignal(false);
  const actions = (
    <Button size="small" kind="quiet" aria-pressed={asTable.value} onClick={() => (asTable.value = !asTable.value)}>
      {asTable.value ? s.asChart : s.asTable}
    </Button>
  );
  return (
    <Card title={title} lead={lead} actions={actions}>
      {asTable.value ? (
        <DataTable label={title} table={table} />
      ) : (
        <>
          {legend}
          {children}
        </>
      )}
    </Card>
  );
}

export function DataTable({ label, table: { head, rows } }: { label: string; table: Table }) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table class="table">
        <thead>
          <tr>
            {head.map((name, i) => (
              <th key={name} scope="col" class={i ? 'number' : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, at) =>
                at ? (
                  <td key={at} class="number">
                    {typeof cell === 'number' ? number.value.format(cell) : cell}
                  </td>
                ) : (
                  <th key={at} scope="row" dir="auto">
                    {cell}
                  </th>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Legend({ items }: { items: string[] }) {
  return (
    <ul class="legend" aria-hidden="true">
      {items.map((item, i) => (
        <li key={item}>
          <span class={`key series-${i + 1}`} />
          {item}
        </li>
      ))}
    </ul>
  );
}

interface Plot {
  /** What the picture shows, in a sentence. */
  label: string;
  /** One for each place along the axis, short and long. */
  places: { short: string; long: string }[];
  series: { name: string; values: (number | null)[] }[];
  ticks: number[];
  format: (n: number) => string;
  kind: 'bars' | 'line';
}

/** Bars or a line over time. Pointing at a place says its numbers. */
export function TimeChart({ label, places, series, ticks, format, kind }: Plot) {
  const { ref, width } = useWidth();
  const at = useSignal<number | null>(null);
  const most = ticks.at(-1)!;
  const inner = Math.max(0, width - LEFT - RIGHT);
  const band = inner / Math.max(1, places.length);
  const x = (i: number) => LEFT + band * i;
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most);
  const every = Math.max(1, Math.ceil(places.length / Math.max(1, Math.floor(inner / 72))));
  const chosen = at.value === null || at.value >= places.length ? null : at.value;
  const find = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const place = Math.floor((event.clientX - box.left - LEFT) / band);
    at.value = place >= 0 && place < places.length ? place : null;
  };
  return (
    <div class="chart" ref={ref} dir="ltr">
      {width > 0 && (
        <svg role="img" aria-label={label} width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} onPointerMove={find} onPointerDown={find} onPointerLeave={() => (at.value = null)}>
          {ticks.map((tick) => (
            <g key={tick}>
              <line class="grid" x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} />
              <text class="axis" x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
                {format(tick)}
              </text>
            </g>
          ))}
          {chosen !== null && <rect class="pointed" x={x(chosen)} y={TOP} width={band} height={HEIGHT - TOP - BOTTOM} />}
          {kind === 'bars' ? <Bars series={series} x={x} y={y} band={band} /> : <Line values={series[0]!.values} x={(i) => x(i) + band / 2} y={y} />}
          {places.map(
            (place, i) =>
              i % every === 0 && (
                <text key={i} class="axis" x={x(i) + band / 2} y={HEIGHT - 8} text-anchor={i === 0 && band < 40 ? 'start' : 'middle'}>
                  {place.short}
                </text>
              ),
          )}
        </svg>
      )}
      {chosen !== null && (
        <div class="tip" aria-hidden="true" dir={locale.value.language === 'ar' ? 'rtl' : 'ltr'} style={{ left: `${Math.min(Math.max(x(chosen) + band / 2, 80), width - 80)}px` }}>
          <b>{places[chosen]!.long}</b>
          {series.map(({ name, values }, i) => (
            <span key={name}>
              <span class={`key series-${i + 1}`} /> {name} <b>{values[chosen] === null ? '–' : format(values[chosen]!)}</b>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

function Bars({ series, x, y, band }: { series: Plot['series']; x: (i: number) => number; y: (value: number) => number; band: number }) {
  const gap = band > 12 ? Math.min(8, band * 0.25) : 1;
  const wide = Math.max(1, Math.min(28, (band - gap) / series.length));
  const indent = (band - wide * series.length) / 2;
  return (
    <>
      {series.map(({ name, values }, at) => (
        <g key={name} class={`series-${at + 1}`}>
          {values.map((value, i) => {
            if (!value) return null;
            const [left, top, bottom] = [x(i) + indent + at * wide, y(value), y(0)];
            const round = Math.min(3, wide / 2, bottom - top);
            const width = Math.max(1, wide - (wide > 4 ? 1 : 0));
            return <path key={i} class="fill" d={`M${left} ${bottom}V${top + round}q0 ${-round} ${round} ${-round}h${width - 2 * round}q${round} 0 ${round} ${round}V${bottom}Z`} />;
          })}
        </g>
      ))}
    </>
  );
}

/** A gap stands where there is no number. */
function Line({ values, x, y }: { values: (number | null)[]; x: (i: number) => number; y: (value: number) => number }) {
  const points = values.map((value, i) => (value === null ? null : [x(i), y(value)] as const));
  const runs: (readonly [number, number])[][] = [[]];
  for (const point of points) {
    if (point) runs.at(-1)!.push(point);
    else if (runs.at(-1)!.length) runs.push([]);
  }
  const path = (run: (readonly [number, number])[]) => run.map(([left, top], i) => `${i ? 'L' : 'M'}${left} ${top}`).join('');
  const dots = values.length <= 31;
  return (
    <g class="series-1">
      {runs.filter((run) => run.length > 1).map((run, i) => (
        <g key={i}>
          <path class="area" d={`${path(run)}V${y(0)}H${run[0]![0]}Z`} />
          <path class="stroke" d={path(run)} />
        </g>
      ))}
      {runs.flatMap((run) => (dots || run.length === 1 ? run : [])).map(([left, top]) => (
        <circle key={left} class="dot" cx={left} cy={top} r={3} />
      ))}
    </g>
  );
}

const LEVELS = 5;

/** How much happens when: the darker, the more. */
export function HeatMap({ hours, days, label }: { hours: number[][]; days: string[]; label: string }) {
  const s = own.value;
  const most = Math.max(1, ...hours.flat());
  const level = (count: number) => (count ? Math.ceil((count / most) * LEVELS) : 0);
  return (
    <>
      <div class="heat" role="img" aria-label={label} dir="ltr">
        {hours.map((row, day) => [
          <span key={`d${day}`} class="heat-day">
            {days[day]}
          </span>,
          ...row.map((count, hour) => <i key={`${day}-${hour}`} class={`level-${level(count)}`} title={`${days[day]} ${hour}:00 – ${number.value.format(count)}`} />),
        ])}
        <span />
        {Array.from({ length: 24 }, (_, hour) => (
          <span key={hour} class={classes('heat-hour', hour % 6 !== 0 && 'minor')}>
            {hour % 3 === 0 ? hour : ''}
          </span>
        ))}
      </div>
      <p class="legend" aria-hidden="true">
        {s.few}
        {Array.from({ length: LEVELS + 1 }, (_, i) => (
          <i key={i} class={`level-${i}`} />
        ))}
        {s.many}
      </p>
    </>
  );
}

/** Names with a bar each, the longest first or in an order of their own. */
export function Shares({ items, label }: { items: { name: string; count: number; said?: string }[]; label: string }) {
  const most = Math.max(1, ...items.map(({ count }) => count));
  return (
    <ul class="shares" aria-label={label}>
      {items.map(({ name, count, said }) => (
        <li key={name}>
          <span class="share-name" dir="auto">
            {name}
          </span>
          <span class="share-bar" aria-hidden="true">
            <span style={{ width: `${(count / most) * 100}%` }} />
          </span>
          <span class="share-count">{said ?? number.value.format(count)}</span>
        </li>
      ))}
    </ul>
  );
}

/** The sentence that stands for a chart. */
export function described(title: string, from: string, to: string, most: string): string {
  return fill(own.value.chartOf, { title, from, to, most });
}
