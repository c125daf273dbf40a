// The first minutes: from an empty account to a widget that answers, in four steps. Each step is kept when it is left.

import { useSignal } from '@preact/signals';
import { api, type Result } from '../api.ts';
import { fill, plural, words } from '../i18n/index.ts';
import { go, HOME } from '../router.ts';
import { Button, Card, classes, Icon, Page, TextArea, TextField } from '../ui/index.ts';
import { TryIt } from './assistants/try.tsx';
import { ImportForm } from './import.tsx';
import { Alert, copy, CopyField, FormOf, Shown, useForm, useLoaded } from './kit.tsx';
import { Colour } from './website/appearance.tsx';
import { Preview } from './website/preview.tsx';
import type { Account, ArticleSummary, Assistant, Channel } from './wire.ts';
import { words as own } from './words.ts';

const STEPS = ['shop', 'knowledge', 'try', 'install'] as const;
type Step = (typeof STEPS)[number];

const HERE = '/inbox/welcome';

interface Start {
  account: Account;
  channel: Channel;
}

/** Account and website; a website is opened where there is none. */
async function start(): Promise<Result<Start>> {
  const account = await api.get<Account>('/api/account/');
  if (!account.ok) return account;
  const channels = await api.get<Channel[]>('/api/channels/');
  if (!channels.ok) return channels;
  const website = channels.value.find(({ kind }) => kind === 'website');
  const channel = website ? { ok: true as const, value: website } : await api.post<Channel>('/api/channels/website', { name: account.value.name });
  return channel.ok ? { ok: true, value: { account: account.value, channel: channel.value } } : channel;
}

export default function Welcome({ rest }: { rest: string }) {
  const s = own.value;
  const started = useLoaded(start);
  const version = useSignal(0);
  const step = STEPS.find((step) => step === rest) ?? 'shop';
  const finish = async () => {
    // Who leaves has seen it; should this be lost, it is shown once more.
    await api.patch('/api/account/', { welcome: 'done' });
    void go(HOME);
  };
  const to = (step: Step) => void go(`${HERE}/${step}`);
  const skip = (
    <Button kind="quiet" onClick={() => void finish()}>
      {s.skip}
    </Button>
  );
  return (
    <Page title={s.welcome} lead={s.welcomeLead} actions={skip} wide>
      <ol class="steps" aria-label={s.steps}>
        {STEPS.map((one, i) => {
          const done = STEPS.indexOf(step) > i;
          return (
            <li key={one} class={classes(done && 'done')} aria-current={one === step ? 'step' : undefined}>
              <a href={`${HERE}/${one}`}>
                <span class="step-mark">{done ? <Icon name="check" size={16} /> : i + 1}</span>
                {{ shop: s.stepShop, knowledge: s.stepKnowledge, try: s.stepTry, install: s.stepInstall }[one]}
              </a>
            </li>
          );
        })}
      </ol>
      <Shown of={started}>
        {(now) => (
          <div class={step === 'shop' || step === 'install' ? 'beside' : 'stack'}>
            <div class="stack">
              {step === 'shop' && (
                <Shop
                  start={now}
                  saved={(next) => {
                    started.put(next);
                    version.value++;
                    to('knowledge');
                  }}
                />
              )}
              {step === 'knowledge' && <Knowledge next={() => to('try')} />}
              {step === 'try' && <Trial assistantId={now.channel.assistant_id} next={() => to('install')} />}
              {step === 'install' && <Installed channel={now.channel} finish={() => void finish()} />}
            </div>
            {(step === 'shop' || step === 'install') && <Preview channel={now.channel} version={version.value} />}
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Shop({ start: { account, channel }, saved }: { start: Start; saved: (next: Start) => void }) {
  const s = own.value;
  const { primary_color, greeting } = channel.settings;
  const form = useForm({ name: account.name, primary_color, greeting });
  const send = async () => {
    const answer = await form.send(async ({ name, ...settings }): Promise<Result<Start>> => {
      const renamed = name === account.name ? { ok: true as const, value: account } : await api.patch<Account>('/api/account/', { name });
      if (!renamed.ok) return renamed;
      // Visitors read the channel's name where the widget has no title of its own.
      const changed = await api.patch<Channel>(`/api/channels/${channel.id}`, { ...(name !== account.name && { name }), settings });
      return changed.ok ? { ok: true, value: { account: renamed.value, channel: changed.value } } : changed;
    });
    if (!answer.ok) return;
    form.keep(form.draft);
    saved(answer.value);
  };
  return (
    <Card title={s.stepShop} lead={s.shopLead}>
      <FormOf form={form} send={() => void send()} save={s.next} always>
        <TextField label={s.shopName} value={form.draft.name} onValue={(name) => form.set({ name })} error={form.error('name')} required maxLength={100} dir="auto" />
        <Colour value={form.draft.primary_color} error={form.error('primary_color')} onValue={(primary_color) => form.set({ primary_color })} />
        <TextArea label={s.greeting} hint={s.greetingHint} value={form.draft.greeting} onValue={(greeting) => form.set({ greeting })} error={form.error('greeting')} maxLength={500} rows={2} dir="auto" />
      </FormOf>
    </Card>
  );
}

function Knowledge({ next }: { next: () => void }) {
  const s = own.value;
  const articles = useLoaded(() => api.get<ArticleSummary[]>('/api/articles/'));
  const count = articles.value?.length ?? 0;
  return (
    <Card title={s.stepKnowledge} lead={s.welcomeKnowledgeLead}>
      {count > 0 && <Alert tone="good">{plural(s.articlesThere, count)}</Alert>}
      <ImportForm imported={articles.again} />
      <div class="form-end">
        <Button kind={count ? 'primary' : 'quiet'} onClick={next}>
          {count ? s.next : s.later}
        </Button>
      </div>
    </Card>
  );
}

function Trial({ assistantId, next }: { assistantId: string; next: () => void }) {
  const s = own.value;
  const assistant = useLoaded(() => api.get<Assistant>(`/api/assistants/${assistantId}`));
  return (
    <>
      <Shown of={assistant}>
        {(value) => (
          <>
            <TryIt assistant={value} />
            <p class="muted">
              {value.provider === 'local' ? s.localHint : s.modelHint} <a href={`/inbox/settings/assistants/${value.id}`}>{s.changeAssistant}</a>
            </p>
          </>
        )}
      </Shown>
      <div class="form-end">
        <Button kind="primary" onClick={next}>
          {s.next}
        </Button>
      </div>
    </>
  );
}

function Installed({ channel, finish }: { channel: Channel; finish: () => void }) {
  const s = own.value;
  const copied = useSignal(false);
  const snippet = channel.snippet ?? '';
  return (
    <Card title={s.stepInstall} lead={s.installLead}>
      <CopyField label={s.snippet} value={snippet} hint={s.snippetHint} kind={copied.value ? 'secondary' : 'primary'} onCopied={() => (copied.value = true)} />
      {copied.value && <Alert tone="good">{s.copiedPaste}</Alert>}
      <p>{fill(s.tryPreview, { inbox: words.value.inbox })}</p>
      <div class="form-end">
        <Button
          kind={copied.value ? 'primary' : 'secondary'}
          icon="check"
          onClick={() => {
            if (!copied.value) void copy(snippet);
            finish();
          }}
        >
          {copied.value ? s.toInbox : s.copyAndGo}
        </Button>
      </div>
    </Card>
  );
}
