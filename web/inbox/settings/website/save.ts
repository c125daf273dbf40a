import { api } from '../../api.ts';
import { words } from '../../i18n/index.ts';
import { toast } from '../../ui/index.ts';
import type { Form } from '../kit.tsx';
import type { Channel, ChannelSettings } from '../wire.ts';

/** The settings that a form changes; a logo is named by its upload. */
export type SettingsChange = Partial<Omit<ChannelSettings, 'logo_url'>> & { logo_upload_id?: string | null };

/** Sends what differs from what the channel has, so that two people who change different things do not undo each other. */
export async function saveSettings<T extends object>(channel: Channel, form: Form<T>, change: (draft: T) => SettingsChange): Promise<Channel | null> {
  const answer = await form.send((draft) => {
    const now = channel.settings as unknown as Record<string, unknown>;
    const settings = Object.fromEntries(Object.entries(change(draft)).filter(([name, value]) => JSON.stringify(now[name]) !== JSON.stringify(value)));
    return api.patch<Channel>(`/api/channels/${channel.id}`, { settings });
  });
  if (!answer.ok) return null;
  toast(words.value.saved, { tone: 'good' });
  return answer.value;
}
