// What is known of conversations: the newest version that was seen, with what this person has just done to it and the server has not told
// yet. Pure but for what it remembers.

import type { InboxConversation } from '../wire.ts';

export type Change = Partial<Pick<InboxConversation, 'status' | 'snoozed_until' | 'assignee_id' | 'assistant_id' | 'answering' | 'tags' | 'unread' | 'contact'>>;

interface Guess {
  change: Change;
  /** The version that it was made on. */
  version: number;
  /** The server has agreed: what it tells next has it in it. */
  agreed: boolean;
}

/** More than anybody scrolls through; the oldest go first. */
const MOST = 100_000;

export class Known {
  #true = new Map<string, InboxConversation>();
  #guesses = new Map<string, Guess[]>();

  /** What the server says of it. Answers how it is to be shown, or null when something newer is known already. */
  tell(conversation: InboxConversation): InboxConversation | null {
    const before = this.#true.get(conversation.id);
    if (before && before.version > conversation.version) return null;
    this.#true.set(conversation.id, conversation);
    if (this.#true.size > MOST) this.#true.delete(this.#true.keys().next().value!);
    this.#settle(conversation.id);
    return this.get(conversation.id)!;
  }

  /** How it is to be shown: the newest of what is known and what is given. */
  newest(conversation: InboxConversation): InboxConversation {
    return this.tell(conversation) ?? this.get(conversation.id)!;
  }

  get(id: string): InboxConversation | null {
    const known = this.#true.get(id);
    if (!known) return null;
    const guesses = this.#guesses.get(id) ?? [];
    return guesses.reduce((conversation, { change }) => ({ ...conversation, ...change }), known);
  }

  /** Shows something before the server has agreed. Answers what to call when it is asked, and once it has agreed or not. */
  guess(id: string, change: Change): { sent(): void; agreed(): void; refused(): void } {
    const guess: Guess = { change, version: this.#true.get(id)?.version ?? 0, agreed: false };
    this.#guesses.set(id, [...(this.#guesses.get(id) ?? []), guess]);
    return {
      sent: () => {
        guess.version = this.#true.get(id)?.version ?? 0;
      },
      agreed: () => {
        guess.agreed = true;
        this.#settle(id);
      },
      refused: () => this.#drop(id, (other) => other === guess),
    };
  }

  /** Whether something is shown that the server has not told yet. */
  isGuessed(id: string): boolean {
    return this.#guesses.has(id);
  }

  /** A guess that was agreed to is over once something newer was told than what it was made on. */
  #settle(id: string): void {
    const version = this.#true.get(id)?.version ?? 0;
    this.#drop(id, (guess) => guess.agreed && version > guess.version);
  }

  /** Forgets what was only guessed and agreed to, when the truth is fetched instead. */
  settleAll(id: string): void {
    this.#drop(id, (guess) => guess.agreed);
  }

  #drop(id: string, over: (guess: Guess) => boolean): void {
    const left = (this.#guesses.get(id) ?? []).filter((guess) => !over(guess));
    if (left.length) this.#guesses.set(id, left);
    else this.#guesses.delete(id);
  }
}
