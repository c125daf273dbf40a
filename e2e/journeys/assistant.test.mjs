// A visitor of the demo shop and its assistant, with nothing configured.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, visit } from './support/browser.mjs';
import { openParlor } from './support/parlor.mjs';

let parlor, browser;

before(async () => {
  [parlor, browser] = await Promise.all([openParlor(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await parlor?.close();
});

test('a visitor of the demo shop asks and gets an answer that names its source', async () => {
  const visitor = await visit(browser, parlor.url);
  await visitor.open();
  await visitor.panel.locator('.them', { hasText: 'Ask us about shipping' }).waitFor();
  await visitor.write('How long does shipping to Austria take?');
  const answer = visitor.bubble('3 to 5 working days');
  await answer.waitFor();
  assert.equal(await answer.locator('.badge').innerText(), 'AI');
  assert.deepEqual(await answer.locator('.sources li').allInnerTexts(), ['Shipping']);
  assert.deepEqual(await parlor.textsOf(await visitor.sessionId()), await visitor.texts());
  assert.deepEqual(visitor.complaints, []);
  await visitor.close();
});
