import type { FormWords } from './en.ts';

const words: FormWords = {
  before: 'Avant de commencer',
  optional: 'facultatif',
  choose: 'Choisir',
  start: 'Commencer',
  needed: 'Merci de remplir ce champ.',
  badEmail: 'Merci d’indiquer une adresse e-mail.',
  badPhone: 'Merci d’indiquer un numéro de téléphone.',
  notSent: 'Cela n’a pas fonctionné. Merci de réessayer.',
  question: 'Comment s’est passée cette conversation ?',
  worst: 'Mal',
  best: 'Très bien',
  score: '{n} sur 5',
  comment: 'Ce qui vous a plu, ou non (facultatif)',
  rate: 'Envoyer la note',
  thanks: 'Merci ! Votre note : {n} sur 5.',
  change: 'Modifier',
  backToday: 'De retour aujourd’hui à {n}.',
  backOn: 'De retour : {n}.',
};
export default words;
