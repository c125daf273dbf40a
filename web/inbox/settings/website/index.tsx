// The website's channel: how it is installed, how it looks, when somebody is there, what it asks, whom it believes.

import { useSignal } from '@preact/signals';
import { api } from '../../api.ts';
import { words } from '../../i18n/index.ts';
import { go } from '../../router.ts';
import { may } from '../../session.ts';
import { Button, Card, EmptyState, Page, Tabs, TextField, toast } from '../../ui/index.ts';
import { FormOf, Shown, useForm, useLoaded } from '../kit.tsx';
import type { Channel } from '../wire.ts';
import { words as own } from '../words.ts';
import { Appearance } from './appearance.tsx';
import { HoursForm } from './hours.tsx';
import { Identity } from './identity.tsx';
import { Install } from './install.tsx';
import { PreChat } from './pre_chat.tsx';
import { Preview } from './preview.tsx';

const HERE = '/inbox/settings/website';
const TABS = ['install', 'appearance', 'hours', 'forms', 'identity'] as const;
type Tab = (typeof TABS)[number];

export interface Part {
  channel: Channel;
  locked: boolean;
  /** Told what the server has now. */
  changed: (channel: Channel) => void;
  removed: () => void;
}

export default function Website({ rest }: { rest: string }) {
  const channels = useLoaded(() => api.get<Channel[]>('/api/channels/'), '', 'channels');
  const s = own.value;
  return (
    <Page title={s.website} lead={s.websiteLead} wide>
      <Shown of={channels}>
        {(all) => {
          const channel = all.find((channel) => channel.kind === 'website');
          const put = (changed: Channel) => channels.put([...all.filter(({ id }) => id !== changed.id), changed]);
          return channel ? <Parts channel={channel} changed={put} removed={channels.again} tab={TABS.find((tab) => tab === rest) ?? 'install'} /> : <Open opened={put} />;
        }}
      </Shown>
    </Page>
  );
}

function Parts({ channel, changed, removed, tab }: Omit<Part, 'locked'> & { tab: Tab }) {
  const s = own.value;
  const version = useSignal(0);
  const part: Part = {
    channel,
    locked: !may('manage_channels'),
    removed,
    changed: (next) => {
      changed(next);
      version.value++;
    },
  };
  const tabs = [
    { id: 'install', label: s.tabInstall },
    { id: 'appearance', label: s.tabAppearance },
    { id: 'hours', label: s.tabHours },
    { id: 'forms', label: s.tabForms },
    { id: 'identity', label: s.tabIdentity },
  ] as const;
  return (
    <Tabs label={s.website} tabs={tabs} active={tab} onChange={(id) => void go(id === 'install' ? HERE : `${HERE}/${id}`)}>
      <div class={tab === 'identity' ? 'stack' : 'beside'}>
        <div class="stack">
          {tab === 'install' && <Install {...part} />}
          {tab === 'appearance' && <Appearance {...part} />}
          {tab === 'hours' && <HoursForm {...part} />}
          {tab === 'forms' && <PreChat {...part} />}
          {tab === 'identity' && <Identity {...part} />}
        </div>
        {tab !== 'identity' && <Preview channel={channel} version={version.value} />}
      </div>
    </Tabs>
  );
}

/** There is no website yet. */
function Open({ opened }: { opened: (channel: Channel) => void }) {
  const s = own.value;
  const naming = useSignal(false);
  const form = useForm({ name: '' }, { guarded: false });
  if (!may('manage_channels')) return <EmptyState icon="globe" title={s.noWebsite} />;
  if (!naming.value) {
    return (
      <EmptyState icon="globe" title={s.noWebsite} action={<Button kind="primary" icon="plus" onClick={() => (naming.value = true)}>{s.openWebsite}</Button>}>
        {s.noWebsiteText}
      </EmptyState>
    );
  }
  const send = async () => {
    const answer = await form.send((draft) => api.post<Channel>('/api/channels/website', draft));
    if (!answer.ok) return;
    toast(words.value.saved, { tone: 'good' });
    opened(answer.value);
  };
  return (
    <Card title={s.openWebsite}>
      <FormOf form={form} send={() => void send()} save={s.openWebsite} always>
        <TextField label={s.channelName} hint={s.channelNameHint} value={form.draft.name} onValue={(name) => form.set({ name })} error={form.error('name')} required maxLength={100} />
      </FormOf>
    </Card>
  );
}
