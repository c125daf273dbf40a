import type { Plural } from './index.ts';

const words = {
  // The page as a whole.
  inbox: 'Inbox',
  conversations: 'Conversations',
  reports: 'Reports',
  settings: 'Settings',
  navigation: 'Main',
  skip: 'Skip to content',
  you: 'You',
  signOut: 'Sign out',
  signedInAs: 'Signed in as {name}',
  theme: 'Theme',
  themeSystem: 'As the system',
  themeLight: 'Light',
  themeDark: 'Dark',
  language: 'Language',
  languageAuto: 'As the browser',
  shortcuts: 'Keyboard shortcuts',
  commands: 'Commands',
  notFound: 'There is no such page.',
  backToInbox: 'Back to the conversations',
  mayNot: 'Your role may not see this page.',

  // Everywhere.
  loading: 'Loading…',
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  saved: 'Saved.',
  delete: 'Delete',
  edit: 'Edit',
  add: 'Add',
  remove: 'Remove',
  copy: 'Copy',
  copied: 'Copied.',
  retry: 'Try again',
  discard: 'Discard',
  dismiss: 'Dismiss',
  back: 'Back',
  more: 'More',
  search: 'Search',
  optional: 'optional',
  news: 'Notices',
  leaveTitle: 'Leave without saving?',
  leaveText: 'Your changes on this page are lost.',
  leave: 'Leave',

  // What does not work.
  notLoaded: 'This could not be loaded.',
  notSaved: 'This could not be saved.',
  notReached: 'The server cannot be reached.',
  tooMany: 'Too many requests. Try again in {n} s.',
  broken: 'Something went wrong.',
  offline: 'No connection. What you see may be out of date.',
  reconnecting: 'Connecting again…',

  // Roles.
  owner: 'Owner',
  admin: 'Admin',
  agent: 'Agent',
  viewer: 'Viewer',
};

export type Words = typeof words;
export type { Plural };
export default words;
