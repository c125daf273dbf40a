import type { FormWords } from './en.ts';

const words: FormWords = {
  before: 'قبل أن نبدأ',
  optional: 'اختياري',
  choose: 'اختيار',
  start: 'بدء المحادثة',
  needed: 'يرجى ملء هذا الحقل.',
  badEmail: 'يرجى إدخال عنوان بريد إلكتروني.',
  badPhone: 'يرجى إدخال رقم هاتف.',
  notSent: 'لم ينجح ذلك. حاول مرة أخرى.',
  question: 'كيف كانت هذه المحادثة؟',
  worst: 'سيئة',
  best: 'ممتازة',
  score: '{n} من 5',
  comment: 'ما الذي أعجبك وما الذي لم يعجبك؟ (اختياري)',
  rate: 'إرسال التقييم',
  thanks: 'شكرًا لك! تقييمك: {n} من 5.',
  change: 'تغيير',
  backToday: 'نعود اليوم في {n}.',
  backOn: 'نعود: {n}.',
};
export default words;
