import assert from 'node:assert/strict';
import { test } from 'node:test';
import mainAr from '../inbox/i18n/ar.ts';
import mainDe from '../inbox/i18n/de.ts';
import mainEn from '../inbox/i18n/en.ts';
import mainEs from '../inbox/i18n/es.ts';
import mainFr from '../inbox/i18n/fr.ts';
import reportsAr from '../inbox/reports/i18n/ar.ts';
import reportsDe from '../inbox/reports/i18n/de.ts';
import reportsEn from '../inbox/reports/i18n/en.ts';
import reportsEs from '../inbox/reports/i18n/es.ts';
import reportsFr from '../inbox/reports/i18n/fr.ts';
import settingsAr from '../inbox/settings/i18n/ar.ts';
import settingsDe from '../inbox/settings/i18n/de.ts';
import settingsEn from '../inbox/settings/i18n/en.ts';
import settingsEs from '../inbox/settings/i18n/es.ts';
import settingsFr from '../inbox/settings/i18n/fr.ts';

type Text = string | Record<string, string>;

/** The places of a text; of one that follows a number, those of its most general form. */
const places = (text: Text) => ((typeof text === 'string' ? text : (text.other ?? Object.values(text).join())).match(/\{\w+\}/g) ?? []).sort();

test('every language of the inbox says everything, with the same places to fill', () => {
  const catalogues: Record<string, Text>[][] = [
    [mainEn, mainDe, mainFr, mainEs, mainAr],
    [settingsEn, settingsDe, settingsFr, settingsEs, settingsAr],
    [reportsEn, reportsDe, reportsFr, reportsEs, reportsAr],
  ];
  for (const [english, ...others] of catalogues) {
    for (const words of others) {
      assert.deepEqual(Object.keys(words).sort(), Object.keys(english!).sort());
      for (const [key, text] of Object.entries(words)) {
        for (const form of typeof text === 'string' ? [text] : Object.values(text)) assert.ok(form.trim(), key);
        // What stands in two brackets is for whoever reads it, in their own words.
        if (key !== 'saysHint') assert.deepEqual(places(text), places(english![key]!), key);
      }
    }
  }
});
