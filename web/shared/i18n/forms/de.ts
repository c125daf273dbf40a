import type { FormWords } from './en.ts';

const words: FormWords = {
  before: 'Bevor es losgeht',
  optional: 'freiwillig',
  choose: 'Auswählen',
  start: 'Chat beginnen',
  needed: 'Bitte ausfüllen.',
  badEmail: 'Bitte eine E-Mail-Adresse angeben.',
  badPhone: 'Bitte eine Telefonnummer angeben.',
  notSent: 'Das hat nicht geklappt. Bitte noch einmal versuchen.',
  question: 'Wie war dieses Gespräch?',
  worst: 'Schlecht',
  best: 'Sehr gut',
  score: '{n} von 5',
  comment: 'Was war gut, was nicht? (freiwillig)',
  rate: 'Bewertung senden',
  thanks: 'Danke! Ihre Bewertung: {n} von 5.',
  change: 'Ändern',
  backToday: 'Wir sind heute um {n} wieder da.',
  backOn: 'Wir sind wieder da: {n}.',
};
export default words;
