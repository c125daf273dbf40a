import { render } from 'preact';
import { api, loadMe } from './api.ts';
import { go, HOME, place, startRouter } from './router.ts';
import { Shell } from './shell.tsx';
import { may, show } from './session.ts';
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
  void welcome();
}

/** Whoever may set up an account that nobody has set up yet begins there. */
async function welcome(): Promise<void> {
  if (place.value.path !== HOME || !may('manage_team')) return;
  const account = await api.get<{ welcome: 'pending' | 'done' }>('/api/account/');
  if (account.ok && account.value.welcome === 'pending' && place.value.path === HOME) void go(`${HOME}/welcome`, 'replace');
}

void start();
