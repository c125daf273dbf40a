// Further keys to the website channel: each for certain pages, and with an assistant of its own.

import { useSignal } from '@preact/signals';
import { api } from '../api.ts';
import { dates, fill, words } from '../i18n/index.ts';
import { may } from '../session.ts';
import { ask, Badge, Button, Card, Dialog, EmptyState, failed, Page, Select, TextArea, TextField } from '../ui/index.ts';
import { Alert, CopyField, FormOf, ShownOnce, Shown, useForm, useLoaded } from './kit.tsx';
import type { Assistant } from './wire.ts';
import { words as own } from './words.ts';

interface Embed {
  id: string;
  name: string;
  channel_id: string;
  assistant_id: string;
  assistant_name: string;
  allowed_origins: string[];
  created_at: string;
  token?: string;
  snippet?: string;
}

export default function Embeds() {
  const s = own.value;
  const embeds = useLoaded(() => api.get<Embed[]>('/api/embed-tokens/'), '', 'channels');
  const making = useSignal(false);
  const made = useSignal<Embed | null>(null);
  const manage = may('manage_channels');
  const revoke = async ({ id, name }: Embed) => {
    if (!(await ask({ title: fill(s.revokeEmbedTitle, { name }), text: s.revokeEmbedText, yes: s.revoke, danger: true }))) return;
    const answer = await api.delete(`/api/embed-tokens/${id}`);
    if (!answer.ok) failed(words.value.notSaved, answer);
    embeds.again();
  };
  const make = manage && (
    <Button kind="primary" icon="plus" onClick={() => (making.value = true)}>
      {s.newEmbed}
    </Button>
  );
  return (
    <Page title={s.embeds} lead={s.embedsLead} actions={make}>
      <Card flush>
        <Shown of={embeds} rows>
          {(all) =>
            all.length ? (
              <ul class="lines" aria-label={s.embeds}>
                {all.map((embed) => (
                  <li key={embed.id}>
                    <span class="grow">
                      <b dir="auto">{embed.name}</b>
                      <span class="inline">
                        {embed.allowed_origins.map((origin) => (
                          <Badge key={origin}>
                            <span dir="ltr">{origin}</span>
                          </Badge>
                        ))}
                        {!embed.allowed_origins.length && <Badge tone="warn">{s.anyOrigin}</Badge>}
                      </span>
                      <span class="muted">
                        <bdi>{embed.assistant_name}</bdi> · {dates.relative(embed.created_at)}
                      </span>
                    </span>
                    {manage && (
                      <Button size="small" kind="quiet" onClick={() => void revoke(embed)} aria-label={fill(s.revokeNamed, { name: embed.name })}>
                        {s.revoke}
                      </Button>
                    )}
                  </li>
                ))}
              </ul>
            ) : (
              <EmptyState icon="code" title={s.noEmbeds}>
                {s.noEmbedsText}
              </EmptyState>
            )
          }
        </Shown>
      </Card>
      {making.value && (
        <NewEmbed
          close={() => (making.value = false)}
          done={(embed) => {
            making.value = false;
            made.value = embed;
            embeds.again();
          }}
        />
      )}
      {made.value?.token && (
        <ShownOnce title={s.newEmbed} lead={s.embedShown} label={s.token} value={made.value.token} onClose={() => (made.value = null)}>
          {made.value.snippet && <CopyField label={s.snippet} value={made.value.snippet} />}
        </ShownOnce>
      )}
    </Page>
  );
}

function NewEmbed({ close, done }: { close: () => void; done: (embed: Embed) => void }) {
  const s = own.value;
  const assistants = useLoaded(() => api.get<Assistant[]>('/api/assistants/'), '', 'assistants');
  const form = useForm({ name: '', assistant_id: '', allowed_origins: '' }, { guarded: false });
  const { draft, set, error } = form;
  const send = async () => {
    const answer = await form.send(({ name, assistant_id, allowed_origins }) =>
      api.post<Embed>('/api/embed-tokens/', { name, ...(assistant_id && { assistant_id }), allowed_origins: allowed_origins.split(/\s+/).filter(Boolean) }),
    );
    if (answer.ok) done(answer.value);
  };
  const options = [{ value: '', label: s.channelsAssistant }, ...(assistants.value ?? []).map(({ id, name }) => ({ value: id, label: name }))];
  return (
    <Dialog open title={s.newEmbed} onClose={close}>
      <FormOf form={form} send={() => void send()} save={s.makeToken} always>
        <TextField label={s.name} hint={s.embedNameHint} value={draft.name} onValue={(name) => set({ name })} error={error('name')} required maxLength={100} dir="auto" />
        <TextArea label={s.origins} hint={s.originsHint} placeholder={'https://shop.example\nhttps://www.shop.example'} value={draft.allowed_origins} onValue={(allowed_origins) => set({ allowed_origins })} error={error('allowed_origins')} rows={3} dir="ltr" spellcheck={false} />
        {!draft.allowed_origins.trim() && <Alert tone="warn">{s.originsEmpty}</Alert>}
        <Select label={s.assistant} value={draft.assistant_id} onValue={(assistant_id) => set({ assistant_id })} options={options} error={error('assistant_id')} />
      </FormOf>
    </Dialog>
  );
}
