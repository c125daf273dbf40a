export interface Words {
  ai: string;
  team: string;
  you: string;
  write: string;
  send: string;
  close: string;
  messages: string;
  earlier: string;
  unread: string;
  sending: string;
  waiting: string;
  sent: string;
  failed: string;
  retry: string;
  discard: string;
  tooMany: string;
  connecting: string;
  reconnecting: string;
  offline: string;
  unavailable: string;
  resolved: string;
  sources: string;
  image: string;
  file: string;
  left: string;
  over: string;
  attach: string;
  uploading: string;
  tooLarge: string;
  badType: string;
  cancel: string;
  drop: string;
  choose: string;
  read: string;
  typing: string;
  newCount: string;
  minutes: string;
  hours: string;
  day: string;
  away: string;
}

const words: Words = {
  ai: 'AI',
  team: 'Team',
  you: 'You',
  write: 'Write a message',
  send: 'Send',
  close: 'Close chat',
  messages: 'Messages',
  earlier: 'Earlier messages',
  unread: 'New messages',
  sending: 'Sending…',
  waiting: 'Will be sent once connected',
  sent: 'Sent',
  failed: 'Not sent.',
  retry: 'Try again',
  discard: 'Discard',
  tooMany: 'Too many requests. Try again in {n} s.',
  connecting: 'Connecting…',
  reconnecting: 'Reconnecting…',
  offline: 'You are offline',
  unavailable: 'This chat is not available at the moment.',
  resolved: 'This conversation was closed. Write again to continue it.',
  sources: 'Sources',
  image: 'Image',
  file: 'File',
  left: '{n} characters left',
  over: '{n} characters too many',
  attach: 'Attach a file',
  uploading: 'Uploading…',
  tooLarge: 'Files may have at most {n} MB.',
  badType: 'Files of this type cannot be sent.',
  cancel: 'Cancel',
  drop: 'Drop files here',
  choose: 'Choose',
  read: 'Read',
  typing: 'Someone is typing',
  newCount: '{n} unread',
  minutes: 'Usually replies within minutes',
  hours: 'Usually replies within a few hours',
  day: 'Usually replies within a day',
  away: 'Away at the moment',
};
export default words;
