// The shapes of the widget's wire, spelled as docs/contracts/widget.md spells them.

/** W1. */
export interface Message {
  id: string;
  seq: number;
  sender: 'visitor' | 'agent' | 'assistant';
  senderName: string | null;
  contentType: string;
  content: string;
  richMedia: unknown;
  sources: Source[];
  clientMessageId: string | null;
  readAt: string | null;
  createdAt: string;
}

export interface Source {
  title: string;
  url: string | null;
}

/** W2. */
export interface Config {
  displayName: string;
  primaryColor: string;
  position: 'bottom-right' | 'bottom-left';
  greeting: string | null;
  assistantName: string | null;
  largestUpload: number;
  /** Shown in place of `displayName`. */
  title: string | null;
  logoUrl: string | null;
  /** `auto`, or the one that is always spoken. */
  language: string;
  /** By language: what is said in place of the same above. */
  translations: Record<string, { greeting?: string; title?: string }>;
  hours: Hours | null;
  replyTime: 'minutes' | 'hours' | 'day' | null;
  preChat: { enabled: boolean; fields: Field[] };
  rating: { enabled: boolean };
}

export interface Hours {
  isOpen: boolean;
  opensAt: string | null;
  awayMessage: string;
}

/** Something that is asked before the first message. */
export interface Field {
  /** `name`, `email` and `phone` are the contact's own. */
  key: string;
  label: string;
  type: 'text' | 'email' | 'phone' | 'select';
  required: boolean;
  options?: string[];
}

/** What a message holds beside its text. */
export interface Media {
  contentType: string;
  richMedia: unknown;
}

/** A file that has been sent up: named by its id, and all that is needed to show it. */
export interface Attached extends Media {
  richMedia: { upload_id: string };
}

/** What the server says of a file that has arrived. */
export interface Uploaded {
  id: string;
  url: string;
  preview_url: string | null;
  filename: string;
  size: number;
  mime_type: string;
  width: number | null;
  height: number | null;
}

export type Status = 'open' | 'resolved';

/** W3. */
export interface SyncAnswer {
  conversationId: string | null;
  status: Status;
  /** How the visitor has rated what was resolved. */
  rating?: number;
  /** Writing is of no use, as if the channel were switched off. */
  unavailable?: true;
  messages: Message[];
  recovered: boolean;
  hasEarlier: boolean;
}

/** W6. */
export interface EarlierAnswer {
  messages: Message[];
  hasEarlier: boolean;
}

/** Who the visitor is, as the page's own server says: one proof of the id, if the channel wants one. */
export interface Who {
  /** The visitor's id; without one the page makes its own. */
  session_id?: string;
  identity_hash?: string;
  identity_token?: string;
  /** Shown to staff until they know better. */
  name?: string;
}

/** What the page hears of a message that has just come. */
export interface Heard {
  id: string;
  sender: Message['sender'];
  content_type: string;
  text: string;
  created_at: string;
}

/** W9, host page to panel. `kept` is what the panel asked the page to keep for it, `wrote` what it has said before, `lang` the page's language. */
export type ToPanel =
  | (Who & { parlor: 1; type: 'init'; sessionId?: string; open?: boolean; kept?: string | undefined; wrote?: boolean; lang?: string })
  | (Who & { parlor: 1; type: 'identify'; sessionId?: string })
  | { parlor: 1; type: 'page'; url: string; title: string }
  | { parlor: 1; type: 'open' | 'close' };

/** W9, panel to host page. `keep` comes only from a panel whose browser forbids it a store of its own. */
export type ToHost =
  | { parlor: 1; type: 'ready' | 'open' | 'close' | 'wrote' | 'unverified' }
  | { parlor: 1; type: 'unread'; count: number; label?: string | undefined }
  | { parlor: 1; type: 'message'; message: Heard }
  | { parlor: 1; type: 'keep'; value: string };
