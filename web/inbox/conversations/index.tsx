// Conversations: the list, the one that is open, and who it is with.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { classes } from '../ui/index.ts';
import { ContactPanel } from './contact.tsx';
import { ConversationList } from './list.tsx';
import { startNotices } from './notify.ts';
import { openOutbox } from './outbox.ts';
import { listenForKeys } from './shortcuts.ts';
import { listen, openId, thread } from './store.ts';
import { ThreadPane } from './thread.tsx';

/** Once, when it is known who works here. */
export function startConversations(): void {
  openOutbox();
  listen();
  startNotices();
  listenForKeys();
}

const WIDE = '(min-width: 1200px)';
const KEPT = 'parlor_inbox_panel';

export function Conversations() {
  const panel = useSignal(matchMedia(WIDE).matches && remembered());
  const open = thread.value;
  // On a narrow window the panel lies over the conversation: another one begins without it.
  useEffect(() => {
    if (!matchMedia(WIDE).matches) panel.value = false;
  }, [openId.value]);
  const toggle = () => {
    panel.value = !panel.peek();
    try {
      if (matchMedia(WIDE).matches) localStorage.setItem(KEPT, panel.peek() ? 'open' : 'closed');
    } catch {
      // Then it is open again the next time.
    }
  };
  return (
    <div class={classes('conversations', openId.value && 'at-thread', panel.value && open && 'with-panel')}>
      <ConversationList />
      <ThreadPane panel={panel.value} onPanel={toggle} />
      {panel.value && open && <ContactPanel key={open.conversation.id} open={open} onClose={toggle} />}
    </div>
  );
}

function remembered(): boolean {
  try {
    return localStorage.getItem(KEPT) !== 'closed';
  } catch {
    return true;
  }
}

