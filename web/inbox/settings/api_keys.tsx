// What programs prove themselves with.

import { useSignal } from '@preact/signals';
import { api, me } from '../api.ts';
import { dates, fill, words } from '../i18n/index.ts';
import { ask, Badge, Button, Card, Checkbox, Dialog, EmptyState, failed, Page, TextField } from '../ui/index.ts';
import { Alert, FormOf, ShownOnce, Shown, useForm, useLoaded } from './kit.tsx';
import { words as own } from './words.ts';

interface ApiKey {
  id: string;
  name: string;
  hint: string;
  scopes: string[];
  created_by: { id: string; name: string };
  last_used_at: string | null;
  created_at: string;
  key?: string;
}

const SCOPES = ['store.conversations.view', 'store.conversations.manage', 'store.social_channels.view', 'store.social_channels.manage'] as const;
type Scope = (typeof SCOPES)[number];

function scopeName(scope: string): string {
  const s = own.value;
  const names: Record<Scope, string> = {
    'store.conversations.view': s.scopeViewConversations,
    'store.conversations.manage': s.scopeManageConversations,
    'store.social_channels.view': s.scopeViewChannels,
    'store.social_channels.manage': s.scopeManageChannels,
  };
  return names[scope as Scope] ?? scope;
}

export default function ApiKeys() {
  const s = own.value;
  const keys = useLoaded(() => api.get<ApiKey[]>('/api/api-keys/'));
  const making = useSignal(false);
  const made = useSignal<ApiKey | null>(null);
  const revoke = async ({ id, name }: ApiKey) => {
    if (!(await ask({ title: fill(s.revokeKeyTitle, { name }), text: s.revokeKeyText, yes: s.revoke, danger: true }))) return;
    const answer = await api.delete(`/api/api-keys/${id}`);
    if (!answer.ok) failed(words.value.notSaved, answer);
    keys.again();
  };
  const make = (
    <Button kind="primary" icon="plus" onClick={() => (making.value = true)}>
      {s.newApiKey}
    </Button>
  );
  return (
    <Page title={s.apiKeys} lead={s.apiKeysLead} actions={make}>
      <Card flush>
        <Shown of={keys} rows>
          {(all) =>
            all.length ? (
              <ul class="lines" aria-label={s.apiKeys}>
                {all.map((key) => (
                  <li key={key.id}>
                    <span class="grow">
                      <b>
                        <bdi>{key.name}</bdi> <code dir="ltr">{key.hint}…</code>
                      </b>
                      <span class="inline">
                        {key.scopes.map((scope) => (
                          <Badge key={scope}>{scopeName(scope)}</Badge>
                        ))}
                      </span>
                      <span class="muted">
                        {fill(s.madeBy, { name: key.created_by.name, date: dates.relative(key.created_at) })} · {key.last_used_at ? fill(s.lastUsed, { when: dates.relative(key.last_used_at) }) : s.neverUsed}
                      </span>
                    </span>
                    <Button size="small" kind="quiet" onClick={() => void revoke(key)} aria-label={fill(s.revokeNamed, { name: key.name })}>
                      {s.revoke}
                    </Button>
                  </li>
                ))}
              </ul>
            ) : (
              <EmptyState icon="key" title={s.noApiKeys}>
                {s.noApiKeysText}
              </EmptyState>
            )
          }
        </Shown>
      </Card>
      {making.value && (
        <NewKey
          close={() => (making.value = false)}
          done={(key) => {
            making.value = false;
            made.value = key;
            keys.again();
          }}
        />
      )}
      {made.value?.key && (
        <ShownOnce title={s.newApiKey} lead={s.newApiKeyShown} label={s.apiKey} value={made.value.key} onClose={() => (made.value = null)}>
          <Alert tone="plain">{s.apiKeyUse}</Alert>
        </ShownOnce>
      )}
    </Page>
  );
}

function NewKey({ close, done }: { close: () => void; done: (key: ApiKey) => void }) {
  const s = own.value;
  const mine = SCOPES.filter((scope) => me.value?.permissions.includes(scope));
  const form = useForm({ name: '', scopes: mine.filter((scope) => scope.endsWith('.view')) as string[] }, { guarded: false });
  const { scopes } = form.draft;
  const send = async () => {
    const answer = await form.send((draft) => api.post<ApiKey>('/api/api-keys/', draft));
    if (answer.ok) done(answer.value);
  };
  return (
    <Dialog open title={s.newApiKey} lead={s.newApiKeyLead} onClose={close}>
      <FormOf form={form} send={() => void send()} save={s.makeKey} always>
        <TextField label={s.name} hint={s.apiKeyNameHint} value={form.draft.name} onValue={(name) => form.set({ name })} error={form.error('name')} required maxLength={100} dir="auto" />
        <div class="field" role="group" aria-label={s.scopes}>
          <span class="label">{s.scopes}</span>
          {mine.map((scope) => (
            <Checkbox key={scope} label={scopeName(scope)} checked={scopes.includes(scope)} onChecked={(on) => form.set({ scopes: SCOPES.filter((one) => (one === scope ? on : scopes.includes(one))) })} />
          ))}
          {form.error('scopes') && (
            <p class="field-error" role="alert">
              {form.error('scopes')}
            </p>
          )}
        </div>
      </FormOf>
    </Dialog>
  );
}
