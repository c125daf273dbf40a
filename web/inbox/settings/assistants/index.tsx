// What answers by itself: who it is, by which model, and by which instructions.

import { useSignal } from '@preact/signals';
import { api } from '../../api.ts';
import { fill, words } from '../../i18n/index.ts';
import { go } from '../../router.ts';
import { may } from '../../session.ts';
import { ask, Avatar, Badge, Button, Card, Dialog, EmptyState, failed, LinkButton, Page, Select, TextArea, TextField, toast } from '../../ui/index.ts';
import { FormOf, Shown, useForm, useLoaded } from '../kit.tsx';
import type { Assistant, Channel, ProviderCode } from '../wire.ts';
import { words as own } from '../words.ts';
import { FlowPage } from './flow.tsx';
import { ProviderKey } from './key.tsx';
import { TryIt } from './try.tsx';

export const HERE = '/inbox/settings/assistants';

export default function Assistants({ rest }: { rest: string }) {
  const [id, part] = rest.split('/');
  if (!id) return <List />;
  return part === 'flow' ? <FlowPage key={id} id={id} /> : <One key={id} id={id} />;
}

export function providerName(code: ProviderCode): string {
  return { anthropic: 'Anthropic', openai: own.value.openai, local: own.value.local }[code];
}

function List() {
  const s = own.value;
  const assistants = useLoaded(() => api.get<Assistant[]>('/api/assistants/'), '', 'assistants');
  const channels = useLoaded(() => api.get<Channel[]>('/api/channels/'), '', 'channels');
  const making = useSignal(false);
  const manage = may('manage_channels');
  const actions = manage && (
    <Button kind="primary" icon="plus" onClick={() => (making.value = true)}>
      {s.newAssistant}
    </Button>
  );
  return (
    <Page title={s.assistants} lead={s.assistantsLead} actions={actions}>
      <Card flush>
        <Shown of={assistants} rows>
          {(all) =>
            all.length ? (
              <ul class="lines link" aria-label={s.assistants}>
                {all.map((assistant) => {
                  const uses = (channels.value ?? []).filter(({ assistant_id }) => assistant_id === assistant.id);
                  return (
                    <li key={assistant.id}>
                      <a href={`${HERE}/${assistant.id}`} class="with-avatar">
                        <Avatar name={assistant.name} id={assistant.id} size={40} assistant />
                        <span class="grow">
                          <b dir="auto">{assistant.name}</b>
                          <span class="muted" dir="auto">
                            {assistant.kind === 'flow' ? s.kindFlow : `${providerName(assistant.provider)}${assistant.provider === 'local' ? '' : ` · ${assistant.model}`}`}
                          </span>
                        </span>
                        {uses.map(({ id, name }) => (
                          <Badge key={id} tone="accent">
                            <span dir="auto">{name}</span>
                          </Badge>
                        ))}
                      </a>
                    </li>
                  );
                })}
              </ul>
            ) : (
              <EmptyState icon="bot" title={s.noAssistants} />
            )
          }
        </Shown>
      </Card>
      {making.value && <NewAssistant close={() => (making.value = false)} />}
    </Page>
  );
}

function NewAssistant({ close }: { close: () => void }) {
  const s = own.value;
  const form = useForm({ name: '' }, { guarded: false });
  const send = async () => {
    const answer = await form.send((draft) => api.post<Assistant>('/api/assistants/', draft));
    if (!answer.ok) return;
    close();
    void go(`${HERE}/${answer.value.id}`);
  };
  return (
    <Dialog open title={s.newAssistant} onClose={close}>
      <FormOf form={form} send={() => void send()} save={words.value.add} always>
        <TextField label={s.name} hint={s.assistantNameHint} value={form.draft.name} onValue={(name) => form.set({ name })} error={form.error('name')} required maxLength={100} dir="auto" />
      </FormOf>
    </Dialog>
  );
}

function One({ id }: { id: string }) {
  const s = own.value;
  const assistant = useLoaded(() => api.get<Assistant>(`/api/assistants/${id}`));
  const back = (
    <LinkButton href={HERE} kind="quiet" icon="arrow-left">
      {s.assistants}
    </LinkButton>
  );
  return (
    <Page title={assistant.value?.name ?? s.assistant} actions={back} wide>
      <Shown of={assistant}>{(value) => <Edit assistant={value} put={assistant.put} />}</Shown>
    </Page>
  );
}

function Edit({ assistant, put }: { assistant: Assistant; put: (assistant: Assistant) => void }) {
  const s = own.value;
  const { name, provider, model, instructions } = assistant;
  const locked = !may('manage_channels');
  const form = useForm({ name, provider, model, instructions: instructions ?? '' });
  const { draft, set, error } = form;
  const channels = useLoaded(() => api.get<Channel[]>('/api/channels/'), '', 'channels');
  const uses = (channels.value ?? []).filter(({ assistant_id }) => assistant_id === assistant.id);

  const send = async () => {
    const answer = await form.send(({ instructions, model, ...rest }) =>
      api.patch<Assistant>(`/api/assistants/${assistant.id}`, { ...rest, ...(model.trim() && { model }), instructions: instructions.trim() || null }),
    );
    if (!answer.ok) return;
    toast(words.value.saved, { tone: 'good' });
    put(answer.value);
    form.keep({ ...answer.value, instructions: answer.value.instructions ?? '' });
  };
  const remove = async () => {
    if (!(await ask({ title: fill(s.removeAssistantTitle, { name: assistant.name }), text: s.removeAssistantText, yes: words.value.delete, danger: true }))) return;
    const answer = await api.delete(`/api/assistants/${assistant.id}`);
    if (!answer.ok) return failed(s.assistantStays, answer);
    form.discard();
    void go(HERE);
  };
  const providers = (['anthropic', 'openai', 'local'] as const).map((value) => ({ value, label: providerName(value) }));
  const extra = (
    <Button kind="quiet" icon="trash-2" class="start" disabled={uses.length > 0} title={uses.length ? s.assistantInUse : undefined} onClick={() => void remove()}>
      {words.value.delete}
    </Button>
  );
  return (
    <div class="beside even">
      <div class="stack">
        <Card title={s.general}>
          <FormOf form={form} send={() => void send()} locked={locked} extra={extra}>
            <TextField label={s.name} hint={s.assistantNameHint} value={draft.name} onValue={(name) => set({ name })} error={error('name')} required maxLength={100} dir="auto" />
            <div class="form-row">
              <Select label={s.provider} value={draft.provider} onValue={(provider) => set({ provider: provider as ProviderCode })} options={providers} error={error('provider')} />
              {draft.provider !== 'local' && <TextField label={s.model} value={draft.model} onValue={(model) => set({ model })} error={error('model')} maxLength={100} dir="ltr" spellcheck={false} />}
            </div>
            <p class="field-hint">{draft.provider === 'local' ? s.localHint : s.modelHint}</p>
            {draft.provider !== 'local' && (
              <TextArea label={s.instructions} hint={s.instructionsHint} placeholder={s.instructionsStandard} value={draft.instructions} onValue={(instructions) => set({ instructions })} error={error('instructions')} rows={8} maxLength={20000} dir="auto" />
            )}
          </FormOf>
        </Card>
        {draft.provider !== 'local' && <ProviderKey code={draft.provider} locked={locked} />}
        <Card
          title={s.flow}
          lead={assistant.kind === 'flow' ? s.flowFollowed : s.flowLead}
          actions={
            <LinkButton href={`${HERE}/${assistant.id}/flow`} icon="workflow">
              {assistant.kind === 'flow' ? s.flowEdit : s.flowMake}
            </LinkButton>
          }
        />
        <Card title={s.usedBy}>
          {uses.length ? (
            <ul class="chips">
              {uses.map(({ id, name, kind }) => (
                <li key={id}>
                  <a href={kind === 'website' ? '/inbox/settings/website' : '/inbox/settings/mobile'} dir="auto">
                    {name}
                  </a>
                </li>
              ))}
            </ul>
          ) : (
            <p class="muted">{s.usedByNone}</p>
          )}
        </Card>
      </div>
      {!locked && <TryIt assistant={assistant} instructions={draft.provider === 'local' ? '' : draft.instructions} unsaved={form.dirty} />}
    </div>
  );
}
