import { useSignal } from '@preact/signals';
import { api, type Failure } from '../../api.ts';
import { dates, fill, words } from '../../i18n/index.ts';
import { ask, Badge, Button, Card, failed, toast } from '../../ui/index.ts';
import { Alert, ShownOnce, Shown, useLoaded } from '../kit.tsx';
import { words as own } from '../words.ts';
import type { Part } from './index.tsx';

interface IdentitySettings {
  mode: 'open' | 'verified';
  secrets: { id: string; created_at: string }[];
}

/** Whether a visitor's id needs a proof. */
export function Identity({ channel, locked }: Part) {
  const s = own.value;
  const path = `/api/channels/${channel.id}/identity`;
  const settings = useLoaded(() => api.get<IdentitySettings>(path));
  const secret = useSignal<string | null>(null);
  const busy = useSignal(false);
  const during = async <T,>(run: () => Promise<T>): Promise<T> => {
    busy.value = true;
    const done = await run();
    busy.value = false;
    return done;
  };
  const refused = (failure: Failure) => failed(words.value.notSaved, failure);

  const rotate = async () => {
    const answer = await during(() => api.post<{ secret: string }>(`${path}/rotate`));
    if (!answer.ok) return refused(answer);
    secret.value = answer.value.secret;
    settings.again();
  };
  const turn = async (mode: IdentitySettings['mode']) => {
    const text = mode === 'verified' ? s.verifyText : s.unverifyText;
    if (!(await ask({ title: mode === 'verified' ? s.verifyTitle : s.unverifyTitle, text, yes: mode === 'verified' ? s.verify : s.unverify, danger: mode === 'open' }))) return;
    const answer = await during(() => api.put<IdentitySettings>(path, { mode }));
    if (!answer.ok) return refused(answer);
    settings.put(answer.value);
    toast(words.value.saved, { tone: 'good' });
  };
  const drop = async (id: string, created: string) => {
    if (!(await ask({ title: s.dropSecretTitle, text: fill(s.dropSecretText, { date: dates.full(created) }), yes: words.value.remove, danger: true }))) return;
    const answer = await during(() => api.delete(`${path}/secrets/${id}`));
    if (!answer.ok) return refused(answer);
    settings.again();
  };
  return (
    <Card title={s.identity} lead={s.identityLead}>
      <Shown of={settings}>
        {({ mode, secrets }) => (
          <div class="stack">
            <div class="inline between">
              <div>
                <b>{mode === 'verified' ? s.isVerified : s.isOpen}</b>
                <p class="field-hint">{mode === 'verified' ? s.isVerifiedHint : s.isOpenHint}</p>
              </div>
              {!locked && (
                <Button busy={busy.value} disabled={mode === 'open' && !secrets.length} kind={mode === 'open' ? 'primary' : 'secondary'} onClick={() => void turn(mode === 'open' ? 'verified' : 'open')}>
                  {mode === 'open' ? s.verify : s.unverify}
                </Button>
              )}
            </div>
            {mode === 'open' && !secrets.length && <Alert tone="plain">{s.secretFirst}</Alert>}
            <div class="inline between">
              <h3>{s.secrets}</h3>
              {!locked && (
                <Button size="small" icon="key" busy={busy.value} onClick={() => void rotate()}>
                  {secrets.length ? s.rotate : s.makeSecret}
                </Button>
              )}
            </div>
            {secrets.length > 0 && (
              <ul class="lines">
                {secrets.map(({ id, created_at }, i) => (
                  <li key={id}>
                    <span>
                      {fill(s.secretMade, { date: dates.full(created_at) })} {i === secrets.length - 1 && secrets.length > 1 && <Badge>{s.newest}</Badge>}
                    </span>
                    {!locked && (
                      <Button size="small" kind="quiet" disabled={busy.value} onClick={() => void drop(id, created_at)}>
                        {words.value.remove}
                      </Button>
                    )}
                  </li>
                ))}
              </ul>
            )}
            <p class="field-hint">{s.identityHow}</p>
          </div>
        )}
      </Shown>
      {secret.value !== null && (
        <ShownOnce title={s.newSecret} lead={s.newSecretLead} label={s.secret} value={secret.value} onClose={() => (secret.value = null)} />
      )}
    </Card>
  );
}
