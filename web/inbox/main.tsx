import { render } from 'preact';
import { loadMe } from './api.ts';
import { startRouter } from './router.ts';
import { Shell } from './shell.tsx';
import { show } from './session.ts';
import { openSocket } from './socket.ts';
import { words } from './i18n/index.ts';
import { Button, EmptyState, Skeleton } from './ui/index.ts';
import { Conversations, startConversations } from './conversations/index.tsx';

const root = document.getElementById('app')!;

async function start(): Promise<void> {
  render(<Skeleton lines={0} />, root);
  const [, answer] = await Promise.all([show(), loadMe()]);
  if (!answer.ok) {
    if (answer.status !== 401) {
      render(<EmptyState icon="triangle-alert" title={words.value.notReached} action={<Button onClick={() => void start()}>{words.value.retry}</Button>} />, root);
    }
    return;
  }
  await show();
  startRouter();
  startConversations();
  render(<Shell conversations={Conversations} />, root);
  openSocket();
}

void start();
