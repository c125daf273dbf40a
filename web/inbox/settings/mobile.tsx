// Channels for native apps, and what they send notifications with.

import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { api } from '../api.ts';
import { dates, fill, plural, words } from '../i18n/index.ts';
import { go } from '../router.ts';
import { may } from '../session.ts';
import { ask, Badge, Button, Card, Dialog, EmptyState, failed, LinkButton, Page, Select, TextArea, TextField, toast } from '../ui/index.ts';
import { Alert, CopyField, FormOf, Locked, nothingToSave, Shown, useForm, useLoaded } from './kit.tsx';
import type { Assistant } from './wire.ts';
import { words as own } from './words.ts';

const HERE = '/inbox/settings/mobile';

interface Mobile {
  id: string;
  name: string;
  assistant_id: string;
  assistant_name: string;
  is_enabled: boolean;
  devices: number;
  created_at: string;
}

interface Shows {
  error: string | null;
  error_at: string | null;
}

interface Credentials {
  fcm: ({ service_account: { project_id: string; client_email: string } | null; updated_at: string } & Shows) | null;
  apns: ({ team_id: string; bundle_id: string; key_id: string; environment: 'sandbox' | 'production'; updated_at: string } & Shows) | null;
}

export default function MobilePage({ rest }: { rest: string }) {
  const channels = useLoaded(() => api.get<Mobile[]>('/api/channels/mobile/'), '', 'channels');
  const s = own.value;
  const making = useSignal(false);
  const manage = may('manage_channels');
  const one = rest ? channels.value?.find(({ id }) => id === rest) : undefined;
  if (one) return <One key={one.id} channel={one} removed={channels.again} />;
  const make = manage && (
    <Button kind="primary" icon="plus" onClick={() => (making.value = true)}>
      {s.newMobile}
    </Button>
  );
  return (
    <Page title={s.mobile} lead={s.mobileLead} actions={make}>
      <Card flush>
        <Shown of={channels} rows>
          {(all) =>
            all.length ? (
              <ul class="lines link" aria-label={s.mobile}>
                {all.map(({ id, name, assistant_name, devices, is_enabled }) => (
                  <li key={id}>
                    <a href={`${HERE}/${id}`}>
                      <b>
                        <bdi>{name}</bdi> {!is_enabled && <Badge tone="warn">{s.off}</Badge>}
                      </b>
                      <span class="muted">
                        <bdi>{assistant_name}</bdi> · {plural(s.devices, devices)}
                      </span>
                    </a>
                  </li>
                ))}
              </ul>
            ) : (
              <EmptyState icon="smartphone" title={s.noMobile}>
                {s.noMobileText}
              </EmptyState>
            )
          }
        </Shown>
      </Card>
      {making.value && <NewMobile close={() => (making.value = false)} taken={(channels.value ?? []).map(({ assistant_id }) => assistant_id)} done={channels.again} />}
    </Page>
  );
}

function NewMobile({ close, taken, done }: { close: () => void; taken: string[]; done: () => void }) {
  const s = own.value;
  const assistants = useLoaded(() => api.get<Assistant[]>('/api/assistants/'));
  const form = useForm({ name: '', assistant_id: '' }, { guarded: false });
  const free = (assistants.value ?? []).filter(({ id }) => !taken.includes(id));
  const send = async () => {
    const answer = await form.send((draft) => api.post('/api/channels/mobile/', draft));
    if (!answer.ok) return;
    close();
    done();
  };
  return (
    <Dialog open title={s.newMobile} onClose={close}>
      {assistants.value && !free.length ? (
        <Alert tone="plain">
          {s.everyAssistantTaken} <a href="/inbox/settings/assistants">{s.assistants}</a>
        </Alert>
      ) : (
        <FormOf form={form} send={() => void send()} save={words.value.add} always>
          <TextField label={s.name} value={form.draft.name} onValue={(name) => form.set({ name })} error={form.error('name')} required maxLength={100} dir="auto" />
          <Select
            label={s.assistant}
            hint={s.mobileAssistantHint}
            value={form.draft.assistant_id}
            onValue={(assistant_id) => form.set({ assistant_id })}
            options={[{ value: '', label: s.choose }, ...free.map(({ id, name }) => ({ value: id, label: name }))]}
            error={form.error('assistant_id')}
            required
          />
        </FormOf>
      )}
    </Dialog>
  );
}

function One({ channel, removed }: { channel: Mobile; removed: () => void }) {
  const s = own.value;
  const locked = !may('manage_channels');
  const path = `/api/channels/mobile/${channel.id}`;
  const credentials = useLoaded<Credentials>(() => (locked ? Promise.resolve({ ok: true, value: { fcm: null, apns: null } }) : api.get<Credentials>(`${path}/credentials`)));
  const remove = async () => {
    if (!(await ask({ title: fill(s.removeChannelTitle, { name: channel.name }), text: s.removeMobileText, yes: s.removeChannel, danger: true }))) return;
    const answer = await api.delete(path);
    if (!answer.ok) return failed(words.value.notSaved, answer);
    nothingToSave();
    removed();
    void go(HERE);
  };
  const back = (
    <LinkButton href={HERE} kind="quiet" icon="arrow-left">
      {s.mobile}
    </LinkButton>
  );
  return (
    <Page title={channel.name} lead={`${channel.assistant_name} · ${plural(s.devices, channel.devices)}`} actions={back}>
      <Card title={s.install} lead={s.mobileInstall}>
        <CopyField label={s.channelId} value={channel.id} />
      </Card>
      {locked ? (
        <Locked />
      ) : (
        <>
          <Shown of={credentials}>
            {(value) => (
              <>
                <Fcm key={`f${value.fcm?.updated_at}`} path={path} shown={value.fcm} put={credentials.put} again={credentials.again} />
                <Apns key={`a${value.apns?.updated_at}`} path={path} shown={value.apns} put={credentials.put} again={credentials.again} />
              </>
            )}
          </Shown>
          <Card title={s.removeChannel} lead={s.removeMobileText} actions={<Button kind="danger" onClick={() => void remove()}>{s.removeChannel}</Button>} />
        </>
      )}
    </Page>
  );
}

interface Part<T> {
  path: string;
  shown: T;
  put: (credentials: Credentials) => void;
  again: () => void;
}

function State({ shown }: { shown: Shows | null }) {
  const s = own.value;
  if (!shown) return <Badge>{s.notSet}</Badge>;
  return shown.error ? <Badge tone="bad">{s.fails}</Badge> : <Badge tone="good">{s.isSet}</Badge>;
}

function Trouble({ shown }: { shown: Shows | null }) {
  if (!shown?.error) return null;
  return (
    <Alert tone="bad">
      {fill(own.value.pushError, { when: shown.error_at ? dates.relative(shown.error_at) : '' })} <bdi>{shown.error}</bdi>
    </Alert>
  );
}

/** A button that takes the credentials of a service away. */
function Forget({ path, platform, again }: { path: string; platform: 'fcm' | 'apns'; again: () => void }) {
  const s = own.value;
  const forget = async () => {
    if (!(await ask({ title: s.forgetPushTitle, text: s.forgetPushText, yes: words.value.remove, danger: true }))) return;
    const answer = await api.delete(`${path}/credentials/${platform}`);
    if (!answer.ok) return failed(words.value.notSaved, answer);
    again();
  };
  return (
    <Button kind="quiet" class="start" onClick={() => void forget()}>
      {words.value.remove}
    </Button>
  );
}

function Fcm({ path, shown, put, again }: Part<Credentials['fcm']>) {
  const s = own.value;
  const form = useForm({ service_account: '' });
  const input = useRef<HTMLInputElement>(null);
  const send = async () => {
    const answer = await form.send((draft) => api.put<Credentials>(`${path}/credentials/fcm`, draft));
    if (!answer.ok) return;
    form.keep({ service_account: '' });
    toast(words.value.saved, { tone: 'good' });
    put(answer.value);
  };
  return (
    <Card title="Firebase (Android)" lead={s.fcmLead} actions={<State shown={shown} />}>
      <Trouble shown={shown} />
      {shown?.service_account && (
        <p class="muted" dir="ltr">
          {shown.service_account.project_id} · {shown.service_account.client_email}
        </p>
      )}
      <FormOf form={form} send={() => void send()} extra={shown && <Forget path={path} platform="fcm" again={again} />}>
        <TextArea label={s.serviceAccount} hint={s.serviceAccountHint} value={form.draft.service_account} onValue={(service_account) => form.set({ service_account })} error={form.error('service_account')} required rows={4} dir="ltr" spellcheck={false} />
        <input ref={input} type="file" accept=".json,application/json" class="sr" tabIndex={-1} aria-hidden="true" onChange={(event) => void event.currentTarget.files?.[0]?.text().then((service_account) => form.set({ service_account }))} />
        <div>
          <Button size="small" icon="file" onClick={() => input.current?.click()}>
            {s.chooseFile}
          </Button>
        </div>
      </FormOf>
    </Card>
  );
}

function Apns({ path, shown, put, again }: Part<Credentials['apns']>) {
  const s = own.value;
  const form = useForm({ team_id: shown?.team_id ?? '', bundle_id: shown?.bundle_id ?? '', key_id: shown?.key_id ?? '', environment: shown?.environment ?? 'production', private_key: '' });
  const { draft, set, error } = form;
  const send = async () => {
    const answer = await form.send(({ private_key, ...rest }) => api.put<Credentials>(`${path}/credentials/apns`, { ...rest, ...(private_key.trim() && { private_key }) }));
    if (!answer.ok) return;
    form.keep({ ...draft, private_key: '' });
    toast(words.value.saved, { tone: 'good' });
    put(answer.value);
  };
  const environments = [
    { value: 'production', label: s.production },
    { value: 'sandbox', label: s.sandbox },
  ];
  return (
    <Card title="APNs (iOS)" lead={s.apnsLead} actions={<State shown={shown} />}>
      <Trouble shown={shown} />
      <FormOf form={form} send={() => void send()} extra={shown && <Forget path={path} platform="apns" again={again} />}>
        <div class="form-row">
          <TextField label={s.teamId} value={draft.team_id} onValue={(team_id) => set({ team_id })} error={error('team_id')} required maxLength={10} dir="ltr" />
          <TextField label={s.keyId} value={draft.key_id} onValue={(key_id) => set({ key_id })} error={error('key_id')} required maxLength={10} dir="ltr" />
        </div>
        <div class="form-row">
          <TextField label={s.bundleId} value={draft.bundle_id} onValue={(bundle_id) => set({ bundle_id })} error={error('bundle_id')} required maxLength={155} dir="ltr" />
          <Select label={s.environment} value={draft.environment} onValue={(environment) => set({ environment: environment as 'sandbox' | 'production' })} options={environments} error={error('environment')} />
        </div>
        <TextArea label={s.p8} hint={shown ? s.p8Kept : s.p8Hint} value={draft.private_key} onValue={(private_key) => set({ private_key })} error={error('private_key')} required={!shown} rows={4} dir="ltr" spellcheck={false} />
      </FormOf>
    </Card>
  );
}
