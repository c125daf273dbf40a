import { api } from '../../api.ts';
import { fill, words } from '../../i18n/index.ts';
import { ask, Badge, Button, Card, failed, TextField, toast } from '../../ui/index.ts';
import { Alert, FormOf, Shown, useForm, useLoaded } from '../kit.tsx';
import type { Provider, ProviderCode } from '../wire.ts';
import { words as own } from '../words.ts';
import { providerName } from './index.tsx';

/** The account's own key for a provider. It goes in and never comes out. */
export function ProviderKey({ code, locked }: { code: ProviderCode; locked: boolean }) {
  const s = own.value;
  const providers = useLoaded(() => api.get<Provider[]>('/api/ai-providers/'), code);
  const form = useForm({ api_key: '' });
  const path = `/api/ai-providers/${code}/key`;
  const name = providerName(code);
  const send = async () => {
    const answer = await form.send((draft) => api.put(path, draft));
    if (!answer.ok) return;
    form.keep({ api_key: '' });
    toast(words.value.saved, { tone: 'good' });
    providers.again();
  };
  const forget = async () => {
    if (!(await ask({ title: fill(s.forgetKeyTitle, { provider: name }), text: s.forgetKeyText, yes: words.value.remove, danger: true }))) return;
    const answer = await api.delete(path);
    if (!answer.ok) return failed(words.value.notSaved, answer);
    providers.again();
  };
  return (
    <Shown of={providers}>
      {(all) => {
        const key = all.find((provider) => provider.code === code)?.key ?? 'missing';
        const state = key === 'account' ? <Badge tone="good">{s.keyOwn}</Badge> : key === 'server' ? <Badge tone="accent">{s.keyServer}</Badge> : <Badge tone="warn">{s.keyMissing}</Badge>;
        return (
          <Card title={fill(s.keyOf, { provider: name })} actions={state}>
            {key === 'missing' && <Alert tone="warn">{s.keyMissingText}</Alert>}
            {key === 'server' && <p class="muted">{s.keyServerText}</p>}
            {!locked && (
              <FormOf
                form={form}
                send={() => void send()}
                extra={
                  key === 'account' && (
                    <Button kind="quiet" class="start" onClick={() => void forget()}>
                      {s.forgetKey}
                    </Button>
                  )
                }
              >
                <TextField
                  label={key === 'account' ? s.newKey : s.apiKey}
                  hint={s.apiKeyHint}
                  type="password"
                  autocomplete="off"
                  value={form.draft.api_key}
                  onValue={(api_key) => form.set({ api_key })}
                  error={form.error('api_key')}
                  required
                  maxLength={500}
                  dir="ltr"
                />
              </FormOf>
            )}
          </Card>
        );
      }}
    </Shown>
  );
}
