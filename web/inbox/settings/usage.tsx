// The organization's name, what its plan allows, and what the month has used.

import { api } from '../api.ts';
import { dates, fill, locale, number, words } from '../i18n/index.ts';
import { may } from '../session.ts';
import { Badge, Card, Page, TextField, toast } from '../ui/index.ts';
import { Alert, FormOf, Shown, useForm, useLoaded } from './kit.tsx';
import type { Account, Channel } from './wire.ts';
import { words as own } from './words.ts';

interface Usage {
  month: string;
  messages: number;
  ai_answers: number;
  input_tokens: number;
  output_tokens: number;
  allows_social_messaging: boolean;
  max_social_channels: number;
  max_monthly_ai_tokens: number | null;
  max_monthly_messages: number | null;
}

/** From here on the end is near. */
const NEAR = 0.8;

export default function UsagePage() {
  const s = own.value;
  const account = useLoaded(() => api.get<Account>('/api/account/'), '', 'account');
  const usage = useLoaded(() => api.get<Usage>('/api/usage/'));
  const channels = useLoaded(() => api.get<Channel[]>('/api/channels/'), '', 'channels');
  return (
    <Page title={s.usage} lead={s.usageLead}>
      <Card title={s.organization}>
        <Shown of={account}>{(value) => <Name key={value.name} account={value} put={account.put} />}</Shown>
      </Card>
      <Card title={s.plan}>
        <Shown of={usage}>
          {(value) => (
            <div class="stack">
              <div class="inline">
                <span>{s.liveChat}</span>
                {value.allows_social_messaging ? <Badge tone="good">{s.included}</Badge> : <Badge tone="warn">{s.notIncluded}</Badge>}
              </div>
              {channels.value && <Meter name={s.channels} used={channels.value.length} most={value.max_social_channels} full={s.channelsFull} />}
              <h3>{fill(s.thisMonth, { month: monthName(value.month) })}</h3>
              <Meter name={s.visitorMessages} used={value.messages} most={value.max_monthly_messages} full={s.messagesFull} />
              <Meter name={s.aiTokens} used={value.input_tokens + value.output_tokens} most={value.max_monthly_ai_tokens} full={s.tokensFull} hint={fill(s.tokenParts, { input: number.value.format(value.input_tokens), output: number.value.format(value.output_tokens) })} />
              <Meter name={s.aiAnswers} used={value.ai_answers} most={null} />
              <p class="field-hint">{s.usageHint}</p>
            </div>
          )}
        </Shown>
      </Card>
    </Page>
  );
}

function monthName(month: string): string {
  return new Intl.DateTimeFormat(locale.value.tag, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${month}-01T00:00:00Z`));
}

function Name({ account, put }: { account: Account; put: (account: Account) => void }) {
  const s = own.value;
  const form = useForm({ name: account.name });
  const send = async () => {
    const answer = await form.send((draft) => api.patch<Account>('/api/account/', draft));
    if (!answer.ok) return;
    toast(words.value.saved, { tone: 'good' });
    put(answer.value);
  };
  return (
    <FormOf form={form} send={() => void send()} locked={!may('manage_team')}>
      <TextField label={s.name} hint={fill(s.since, { date: dates.full(account.created_at) })} value={form.draft.name} onValue={(name) => form.set({ name })} error={form.error('name')} required maxLength={100} dir="auto" />
    </FormOf>
  );
}

function Meter({ name, used, most, full, hint }: { name: string; used: number; most: number | null; full?: string; hint?: string }) {
  const s = own.value;
  const part = most ? used / most : most === 0 ? 1 : 0;
  const tone = part >= 1 ? 'bad' : part >= NEAR ? 'warn' : 'plain';
  const n = number.value;
  return (
    <div class={`meter ${tone}`}>
      <div class="inline between">
        <span>{name}</span>
        <span class="meter-count">{most === null ? fill(s.unlimited, { n: n.format(used) }) : fill(s.ofMost, { n: n.format(used), most: n.format(most) })}</span>
      </div>
      {most !== null && (
        <div class="meter-bar" role="meter" aria-label={name} aria-valuenow={Math.min(used, most)} aria-valuemin={0} aria-valuemax={Math.max(most, 1)}>
          <span style={{ width: `${Math.min(1, part) * 100}%` }} />
        </div>
      )}
      {hint && <p class="field-hint">{hint}</p>}
      {part >= 1 && full && <Alert tone="warn">{full}</Alert>}
    </div>
  );
}
