// One's own: name, how the page looks and sounds, password, other sign-ins.

import { api, loadMe, me, type Preferences } from '../api.ts';
import { LANGUAGES, words, type LanguageCode } from '../i18n/index.ts';
import { prefer, preferences } from '../session.ts';
import { ask, Button, Card, failed, Page, Select, Switch, TextField, toast } from '../ui/index.ts';
import { FormOf, useForm } from './kit.tsx';
import { words as own } from './words.ts';

export default function Profile() {
  const s = own.value;
  return (
    <Page title={s.profile} lead={me.value?.email}>
      <Name />
      <Look />
      <Alerts />
      <Password />
      <OtherSignIns />
    </Page>
  );
}

function Name() {
  const s = own.value;
  const form = useForm({ name: me.value?.name ?? '' });
  const send = async () => {
    const answer = await form.send((draft) => api.patch('/api/me', draft));
    if (!answer.ok) return;
    await loadMe();
    toast(words.value.saved, { tone: 'good' });
  };
  return (
    <Card title={s.name} lead={s.ownNameLead}>
      <FormOf form={form} send={() => void send()}>
        <TextField label={s.name} bare value={form.draft.name} onValue={(name) => form.set({ name })} error={form.error('name')} required maxLength={100} autocomplete="name" dir="auto" />
      </FormOf>
    </Card>
  );
}

async function choose(changes: Partial<Preferences>): Promise<void> {
  const answer = await prefer(changes);
  if (!answer.ok) failed(words.value.notSaved, answer);
}

function Look() {
  const s = own.value;
  const w = words.value;
  const { theme, language } = preferences.value;
  const themes = [
    { value: 'system', label: w.themeSystem },
    { value: 'light', label: w.themeLight },
    { value: 'dark', label: w.themeDark },
  ];
  const languages = [{ value: 'auto', label: w.languageAuto }, ...(Object.entries(LANGUAGES) as [LanguageCode, string][]).map(([value, label]) => ({ value: value as string, label }))];
  return (
    <Card title={s.look}>
      <div class="form-row">
        <Select label={w.theme} value={theme} onValue={(theme) => void choose({ theme: theme as Preferences['theme'] })} options={themes} />
        <Select label={w.language} value={language} onValue={(language) => void choose({ language: language as Preferences['language'] })} options={languages} />
      </div>
    </Card>
  );
}

function Alerts() {
  const s = own.value;
  const { sound, notifications } = preferences.value;
  const supported = 'Notification' in window;
  const denied = supported && Notification.permission === 'denied';
  const notify = async (on: boolean) => {
    // The browser asks once, and only because somebody has pressed something.
    if (on && (await Notification.requestPermission()) !== 'granted') {
      toast(s.notificationsDenied, { tone: 'bad' });
      return choose({ notifications: false });
    }
    return choose({ notifications: on });
  };
  return (
    <Card title={s.alerts}>
      <Switch label={s.sound} hint={s.soundHint} checked={sound} onChecked={(sound) => void choose({ sound })} />
      <Switch label={s.notifications} hint={denied ? s.notificationsDenied : s.notificationsHint} checked={notifications && !denied} disabled={!supported || denied} onChecked={(on) => void notify(on)} />
    </Card>
  );
}

function Password() {
  const s = own.value;
  const form = useForm({ current_password: '', new_password: '' });
  const send = async () => {
    const answer = await form.send((draft) => api.post('/auth/password', draft));
    if (!answer.ok) return;
    form.keep({ current_password: '', new_password: '' });
    toast(s.passwordChanged, { tone: 'good' });
  };
  return (
    <Card title={s.password} lead={s.passwordLead}>
      <FormOf form={form} send={() => void send()} save={s.changePassword}>
        <input type="text" autocomplete="username" value={me.value?.email ?? ''} readOnly hidden />
        <TextField label={s.currentPassword} type="password" autocomplete="current-password" value={form.draft.current_password} onValue={(current_password) => form.set({ current_password })} error={form.error('current_password')} required />
        <TextField label={s.newPassword} hint={s.newPasswordHint} type="password" autocomplete="new-password" value={form.draft.new_password} onValue={(new_password) => form.set({ new_password })} error={form.error('new_password')} required minLength={8} maxLength={256} />
      </FormOf>
    </Card>
  );
}

function OtherSignIns() {
  const s = own.value;
  const end = async () => {
    if (!(await ask({ title: s.signOutOthersTitle, text: s.signOutOthersText, yes: s.signOutOthers, danger: true }))) return;
    const answer = await api.post('/auth/sign-out-others', {});
    if (!answer.ok) return failed(s.signOutOthers, answer);
    toast(s.signedOutOthers, { tone: 'good' });
  };
  return (
    <Card title={s.otherSignIns} lead={s.otherSignInsLead} actions={<Button onClick={() => void end()}>{s.signOutOthers}</Button>} />
  );
}
