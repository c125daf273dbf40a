import type { FormWords } from './en.ts';

const words: FormWords = {
  before: 'Antes de empezar',
  optional: 'opcional',
  choose: 'Elegir',
  start: 'Empezar',
  needed: 'Rellena este campo.',
  badEmail: 'Escribe una dirección de correo.',
  badPhone: 'Escribe un número de teléfono.',
  notSent: 'No ha funcionado. Inténtalo de nuevo.',
  question: '¿Qué te ha parecido esta conversación?',
  worst: 'Mal',
  best: 'Muy bien',
  score: '{n} de 5',
  comment: 'Qué ha ido bien y qué no (opcional)',
  rate: 'Enviar valoración',
  thanks: '¡Gracias! Tu valoración: {n} de 5.',
  change: 'Cambiar',
  backToday: 'Volvemos hoy: {n}.',
  backOn: 'Volvemos: {n}.',
};
export default words;
