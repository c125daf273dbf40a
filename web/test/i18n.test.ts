import assert from 'node:assert/strict';
import { test } from 'node:test';
import ar from '../shared/i18n/ar.ts';
import de from '../shared/i18n/de.ts';
import en from '../shared/i18n/en.ts';
import es from '../shared/i18n/es.ts';
import formsAr from '../shared/i18n/forms/ar.ts';
import formsDe from '../shared/i18n/forms/de.ts';
import formsEn from '../shared/i18n/forms/en.ts';
import formsEs from '../shared/i18n/forms/es.ts';
import formsFr from '../shared/i18n/forms/fr.ts';
import fr from '../shared/i18n/fr.ts';
import { fill, language } from '../shared/i18n/index.ts';

test('every language says everything, with the same places to fill', () => {
  const catalogues: Record<string, string>[][] = [
    [{ ...en }, { ...de }, { ...fr }, { ...es }, { ...ar }],
    [{ ...formsEn }, { ...formsDe }, { ...formsFr }, { ...formsEs }, { ...formsAr }],
  ];
  for (const [english, ...others] of catalogues) {
    for (const words of others) {
      assert.deepEqual(Object.keys(words), Object.keys(english!));
      for (const [key, word] of Object.entries(words)) {
        assert.ok(word.trim(), key);
        assert.equal(word.includes('{n}'), english![key]!.includes('{n}'), key);
      }
    }
  }
});

test('the first known language is taken, and English where none is', async () => {
  assert.equal((await language(['tlh', 'de-AT', 'fr'])).words, de);
  assert.equal((await language(['en-GB', 'fr'])).words, en);
  assert.equal((await language(['tlh'])).words, en);
  assert.equal((await language([])).tag, 'en');
  const arabic = await language(['ar-EG']);
  assert.equal(arabic.dir, 'rtl');
  assert.equal(arabic.tag, 'ar-EG');
});

test('a number finds its place', () => {
  assert.equal(fill(en.tooMany, 12), 'Too many requests. Try again in 12 s.');
});
