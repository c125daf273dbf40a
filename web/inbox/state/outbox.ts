// What this person has written and the server has not yet acknowledged. It outlives a reload: whatever has not arrived is sent again under
// the same id, which the server stores once. Pure.

export interface Outgoing {
  clientId: string;
  conversationId: string;
  kind: 'reply' | 'note';
  content: string;
  contentType: string;
  richMedia: unknown;
  mentions: string[];
  at: string;
  state: 'sending' | 'failed';
  /** Why it was not taken. */
  reason: string;
}

const MOST = 200;

export function added(box: readonly Outgoing[], outgoing: Outgoing): Outgoing[] {
  return [...box.filter(({ clientId }) => clientId !== outgoing.clientId), outgoing].slice(-MOST);
}

export function arrived(box: readonly Outgoing[], clientId: string | null): readonly Outgoing[] {
  return clientId && box.some((outgoing) => outgoing.clientId === clientId) ? box.filter((outgoing) => outgoing.clientId !== clientId) : box;
}

export function turned(box: readonly Outgoing[], clientId: string, state: Outgoing['state'], reason = ''): Outgoing[] {
  return box.map((outgoing) => (outgoing.clientId === clientId ? { ...outgoing, state, reason } : outgoing));
}

/** What was kept, as far as it is still what we keep. */
export function restored(text: string | null): Outgoing[] {
  try {
    const kept: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one?.clientId === 'string' && typeof one?.conversationId === 'string') : [];
  } catch {
    return [];
  }
}
