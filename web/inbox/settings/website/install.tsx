import { api } from '../../api.ts';
import { fill, words } from '../../i18n/index.ts';
import { ask, Button, Card, failed, LinkButton, Select, Switch, TextField, toast } from '../../ui/index.ts';
import { CopyField, FormOf, nothingToSave, useForm, useLoaded } from '../kit.tsx';
import type { Assistant, Channel } from '../wire.ts';
import { words as own } from '../words.ts';
import type { Part } from './index.tsx';

export function Install({ channel, locked, changed, removed }: Part) {
  const s = own.value;
  const assistants = useLoaded(() => api.get<Assistant[]>('/api/assistants/'), '', 'assistants');
  const { name, is_enabled, auto_reply, assistant_id } = channel;
  const form = useForm({ name, is_enabled, auto_reply, assistant_id });
  const send = async () => {
    const answer = await form.send((draft) => api.patch<Channel>(`/api/channels/${channel.id}`, draft));
    if (!answer.ok) return;
    toast(words.value.saved, { tone: 'good' });
    changed(answer.value);
  };
  const remove = async () => {
    const sure = await ask({ title: fill(s.removeChannelTitle, { name: channel.name }), text: s.removeChannelText, yes: s.removeChannel, danger: true });
    if (!sure) return;
    const answer = await api.delete(`/api/channels/${channel.id}`);
    if (!answer.ok) return failed(words.value.notSaved, answer);
    nothingToSave();
    removed();
  };
  const options = (assistants.value ?? []).map(({ id, name }) => ({ value: id, label: name }));
  return (
    <>
      <Card title={s.install} lead={s.installLead}>
        <CopyField label={s.snippet} value={channel.snippet ?? ''} hint={s.snippetHint} kind="primary" />
        {channel.token && (
          <div class="inline">
            <LinkButton href={`/widget/preview?channel=${channel.token}`} target="_blank" icon="external-link" size="small" kind="quiet">
              {s.openPreview}
            </LinkButton>
            <LinkButton href="/inbox/settings/embeds" icon="code" size="small" kind="quiet">
              {s.embeds}
            </LinkButton>
          </div>
        )}
      </Card>
      <Card title={s.general}>
        <FormOf form={form} send={() => void send()} locked={locked}>
          <TextField label={s.channelName} hint={s.channelNameHint} value={form.draft.name} onValue={(name) => form.set({ name })} error={form.error('name')} required maxLength={100} dir="auto" />
          <Switch label={s.enabled} hint={s.enabledHint} checked={form.draft.is_enabled} onChecked={(is_enabled) => form.set({ is_enabled })} />
          <Switch label={s.autoReply} hint={s.autoReplyHint} checked={form.draft.auto_reply} onChecked={(auto_reply) => form.set({ auto_reply })} />
          <Select
            label={s.assistant}
            hint={<a href={`/inbox/settings/assistants/${form.draft.assistant_id}`}>{s.changeAssistant}</a>}
            value={form.draft.assistant_id}
            onValue={(assistant_id) => form.set({ assistant_id })}
            error={form.error('assistant_id')}
            options={options}
          />
        </FormOf>
      </Card>
      {!locked && (
        <Card title={s.removeChannel} lead={s.removeChannelText} actions={<Button kind="danger" onClick={() => void remove()}>{s.removeChannel}</Button>} />
      )}
    </>
  );
}
