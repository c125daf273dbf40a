// The words of what comes later than the panel: the form before the first message, ratings, hours.

export interface FormWords {
  before: string;
  optional: string;
  choose: string;
  start: string;
  needed: string;
  badEmail: string;
  badPhone: string;
  notSent: string;
  question: string;
  worst: string;
  best: string;
  score: string;
  comment: string;
  rate: string;
  thanks: string;
  change: string;
  backToday: string;
  backOn: string;
}

const words: FormWords = {
  before: 'Before we start',
  optional: 'optional',
  choose: 'Choose',
  start: 'Start chat',
  needed: 'Please fill this in.',
  badEmail: 'Please give an e-mail address.',
  badPhone: 'Please give a phone number.',
  notSent: 'That did not work. Please try again.',
  question: 'How was this conversation?',
  worst: 'Bad',
  best: 'Great',
  score: '{n} of 5',
  comment: 'What went well, what did not? (optional)',
  rate: 'Send rating',
  thanks: 'Thank you! You gave {n} of 5.',
  change: 'Change',
  backToday: 'We are back today at {n}.',
  backOn: 'We are back: {n}.',
};
export default words;
