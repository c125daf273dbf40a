import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button, EmptyState } from '../../ui/index.ts';
import type { Channel } from '../wire.ts';
import { words as own } from '../words.ts';

/** The real widget on an empty page, as it is saved now. `version` grows with every save. */
export function Preview({ channel, version }: { channel: Channel; version: number }) {
  const s = own.value;
  const shown = useSignal<number | null>(null);
  const again = useSignal(0);
  const { token, is_enabled } = channel;
  useEffect(() => {
    let wanted = true;
    // The browser keeps what it was told of the widget for a minute; this is newer.
    const fresh = fetch(`/api/v1/widget/chat/${token}/config`, { cache: 'reload', credentials: 'omit' });
    void fresh.catch(() => null).then(() => wanted && (shown.value = (shown.value ?? 0) + 1));
    return () => {
      wanted = false;
    };
  }, [token, is_enabled, version, again.value]);
  return (
    <aside class="preview" aria-label={s.preview}>
      <div class="preview-head">
        <h2>{s.preview}</h2>
        <Button kind="quiet" size="small" icon="refresh-cw" onClick={() => again.value++}>
          {s.reload}
        </Button>
      </div>
      <div class="preview-frame">
        {!is_enabled && <EmptyState icon="eye-off" title={s.previewOff} />}
        {is_enabled && shown.value !== null && <iframe key={shown.value} title={s.preview} src={`/widget/preview?channel=${token}`} />}
      </div>
      <p class="field-hint">{s.previewHint}</p>
    </aside>
  );
}
