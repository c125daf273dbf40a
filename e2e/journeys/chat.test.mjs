// A visitor and the staff, each through their own door, in a real browser.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser, openSite, shopPage, visit, Visitor } from './support/browser.mjs';
import { openParlor } from './support/parlor.mjs';

let parlor, browser, site, shop, visitor;

before(async () => {
  [parlor, browser, site] = await Promise.all([openParlor(), openBrowser(), openSite()]);
  await parlor.silenceAssistant();
  shop = site.page('/', shopPage(parlor, (await parlor.channel()).channelToken));
});
afterEach(() => visitor?.close());
after(async () => {
  await browser?.close();
  site?.close();
  await parlor?.close();
});

test('a reply of the staff reaches an open panel, marked as a person’s', async () => {
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('Is anybody there?');
  await visitor.sent('Is anybody there?');
  await parlor.reply(await visitor.sessionId(), 'Yes, a person.');
  const reply = visitor.bubble('Yes, a person.');
  await reply.waitFor();
  assert.equal(await reply.locator('.badge').innerText(), 'Team');
});

test('answers to a closed panel are counted, also after the visitor comes back, until they are read', async () => {
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('I will look again later');
  await visitor.sent('I will look again later');
  const sessionId = await visitor.sessionId();
  await parlor.reply(sessionId, 'Seen while open');
  await visitor.bubble('Seen while open').waitFor();
  await visitor.text.press('Escape');
  await visitor.page.locator('parlor-chat iframe').waitFor({ state: 'hidden' });
  await parlor.reply(sessionId, 'One');
  const badge = visitor.launcher.locator('span');
  await badge.getByText('1', { exact: true }).waitFor();
  await visitor.page.reload();
  await badge.getByText('1', { exact: true }).waitFor();
  await parlor.reply(sessionId, 'Two');
  await badge.getByText('2', { exact: true }).waitFor();
  assert.equal(await visitor.launcher.getAttribute('aria-label'), 'Fern & Pot, 2 unread');
  await visitor.open();
  await visitor.bubble('Two').waitFor();
  await visitor.page.waitForFunction(() => document.querySelector('parlor-chat').shadowRoot.querySelector('span').textContent === '');
});

test('a stranger to the widget stores nothing and is not written to', async () => {
  visitor = await visit(browser, shop);
  await visitor.launcher.waitFor();
  assert.deepEqual(await visitor.page.evaluate(() => Object.keys(localStorage)), []);
  assert.equal(await visitor.page.locator('parlor-chat iframe').count(), 0);
});

test('the history is loaded as far back as the visitor scrolls, and nothing jumps', async () => {
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('first of many');
  await visitor.sent('first of many');
  const sessionId = await visitor.sessionId();
  for (let i = 1; i <= 119; i++) await parlor.reply(sessionId, `reply ${i}`);
  await visitor.bubble('reply 119').waitFor();
  await visitor.page.reload();
  await visitor.open();
  await visitor.bubble('reply 119').waitFor();
  assert.equal((await visitor.panel.locator('article').count()), 50);
  const log = visitor.panel.locator('#log');
  const place = () => visitor.bubble('reply 70').evaluate((element) => element.getBoundingClientRect().top);
  await log.evaluate((element) => element.scrollTo(0, 70));
  const before = await place();
  await visitor.bubble('reply 20').waitFor({ state: 'attached' });
  assert.ok(Math.abs((await place()) - before) < 2, 'what was read stays where it was');
  await log.evaluate((element) => element.scrollTo(0, 0));
  await visitor.bubble('first of many').waitFor({ state: 'attached' });
  assert.deepEqual(await visitor.texts(), ['first of many', ...Array.from({ length: 119 }, (_, i) => `reply ${i + 1}`)]);

  await log.evaluate((element) => element.scrollTo(0, 300));
  await parlor.reply(sessionId, 'while reading above');
  await visitor.panel.getByRole('button', { name: 'New messages' }).click();
  assert.ok(await log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 2));
});

test('a resolved conversation says so, and goes on when the visitor writes', async () => {
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('thank you');
  await visitor.sent('thank you');
  const sessionId = await visitor.sessionId();
  await parlor.resolve(sessionId);
  const note = visitor.panel.getByText('This conversation was closed');
  await note.waitFor();
  await visitor.write('one more thing');
  await visitor.sent('one more thing');
  await note.waitFor({ state: 'detached' });
  assert.equal((await parlor.conversationOf(sessionId)).status, 'Open');
});

test('two tabs of one visitor show the same', async () => {
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('from the first tab');
  await visitor.sent('from the first tab');
  const other = new Visitor(visitor.context, await visitor.context.newPage());
  await other.page.goto(shop);
  await other.open();
  await other.bubble('from the first tab').waitFor();
  await other.write('from the second tab');
  await visitor.bubble('from the second tab').waitFor();
  assert.deepEqual(await visitor.texts(), await other.texts());
});

test('too long a text cannot be sent, and the widget counts what is left', async () => {
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.text.fill('é'.repeat(9_990));
  await visitor.panel.getByText('10 characters left').waitFor();
  await visitor.text.fill('😀'.repeat(10_001));
  await visitor.panel.getByText('1 characters too many').waitFor();
  await visitor.text.press('Enter');
  assert.equal(await visitor.panel.getByRole('button', { name: 'Send' }).isDisabled(), true);
  await visitor.write('😀'.repeat(10_000));
  await visitor.sent('😀');
  assert.equal([...(await parlor.textsOf(await visitor.sessionId()))[0]].length, 10_000);
});

test('a channel that is switched off says so, and is not shown to newcomers', async () => {
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('hello');
  await visitor.sent('hello');
  const { id } = await parlor.channel();
  await parlor.staff(`channels/${id}`, { isEnabled: false }, 'PATCH');
  try {
    await visitor.write('still there?');
    await visitor.bubble('still there?').getByText('This chat is not available at the moment.').waitFor();
    const newcomer = await visit(browser, 'about:blank');
    const asked = newcomer.page.waitForResponse(/\/config$/);
    await newcomer.page.goto(shop, { waitUntil: 'networkidle' });
    assert.equal((await asked).status(), 422);
    assert.equal(await newcomer.page.locator('parlor-chat').count(), 0);
    await newcomer.close();
  } finally {
    await parlor.staff(`channels/${id}`, { isEnabled: true }, 'PATCH');
  }
});
