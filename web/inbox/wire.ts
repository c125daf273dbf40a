// The shapes of the inbox's wire, spelled as docs/contracts/org.md (I) spells them.

export type Status = 'open' | 'snoozed' | 'resolved';
export type SenderType = 'end_user' | 'agent' | 'bot';

export interface InboxContact {
  id: string;
  display_name: string | null;
  email: string | null;
  phone: string | null;
  verified: boolean;
  blocked: boolean;
}

export interface Newest {
  id: string;
  seq: number;
  sender_type: SenderType;
  sender_name: string | null;
  content_type: string;
  preview: string;
  created_at: string;
}

export interface InboxConversation {
  id: string;
  /** Grows with every change: of two, the one with the higher version is how it is now. */
  version: number;
  status: Status;
  snoozed_until: string | null;
  channel_id: string;
  contact: InboxContact;
  session_id: string;
  assignee_id: string | null;
  assigned_at: string | null;
  assistant_id: string | null;
  answering: 'assistant' | 'person';
  tags: string[];
  unread: number;
  last_seq: number;
  last_message: Newest | null;
  rating?: number | null;
  last_message_at: string;
  created_at: string;
  updated_at: string;
}

export interface Source {
  article_id: string;
  title: string;
  url: string | null;
}

export interface InboxMessage {
  id: string;
  conversation_id: string;
  session_id: string;
  seq: number;
  sender_type: SenderType;
  sender_id: string;
  sender_name: string | null;
  content_type: string;
  content: string;
  rich_media: unknown;
  sources: Source[];
  client_message_id: string | null;
  read_by: Record<string, string>;
  created_at: string;
}

export interface Note {
  id: string;
  conversation_id: string;
  author_id: string;
  author_name: string;
  content: string;
  mentions: string[];
  after_seq: number;
  client_note_id: string | null;
  created_at: string;
}

export interface Timeline {
  messages: InboxMessage[];
  notes: Note[];
  has_earlier: boolean;
}

export interface PageView {
  url: string;
  title: string | null;
  at: string;
}

export interface PastSession {
  id: string;
  status: 'open' | 'resolved';
  assignee_id: string | null;
  tags: string[];
  created_at: string;
  resolved_at: string | null;
  rating?: number | null;
  rating_comment?: string | null;
}

export interface Details {
  external_id: string;
  attributes: Record<string, string>;
  blocked_at: string | null;
  first_seen_at: string;
  page_views?: PageView[];
  sessions: PastSession[];
  other_conversations: InboxConversation[];
}

export interface Opened extends Timeline {
  conversation: InboxConversation;
  details: Details;
  draft: { content: string; updated_at: string } | null;
  viewers: string[];
}

export interface Counts {
  unassigned: { open: number; unread: number };
  mine: { open: number; unread: number };
  all: { open: number; unread: number };
  mentions: { unread: number };
  snoozed: { open: number };
}

export interface Member {
  id: string;
  name: string;
  email: string;
  role: 'owner' | 'admin' | 'agent' | 'viewer';
  status: 'online' | 'offline';
}

export interface CannedReply {
  id: string;
  shortcut: string;
  content: string;
  created_by: { id: string; name: string };
  updated_at: string;
}

export interface Assistant {
  id: string;
  name: string;
}

export interface Channel {
  id: string;
  kind: string;
  name: string;
}

// What the server tells an inbox that has joined.

export interface ConversationTold {
  conversation: InboxConversation;
}

export interface MessageTold extends ConversationTold {
  message: InboxMessage;
}

export interface ReadTold extends ConversationTold {
  message_ids: string[];
  reader_type: SenderType;
  reader_id: string;
  read_at: string;
}

export interface NoteTold extends ConversationTold {
  note: Note;
}

export interface NoteGone {
  conversation?: InboxConversation;
  conversation_id: string;
  note_id: string;
}

export interface TypingTold {
  conversation_id: string;
  sender_type: SenderType;
  agent_id: string | null;
  typing: boolean;
}

export interface ViewersTold {
  conversation_id: string;
  viewers: string[];
}

export interface DraftTold {
  conversation_id: string;
  content: string;
}
