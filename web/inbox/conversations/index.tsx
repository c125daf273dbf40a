import { words } from '../i18n/index.ts';
import { EmptyState } from '../ui/index.ts';

export function Conversations() {
  return <EmptyState icon="messages-square" title={words.value.conversations} />;
}
