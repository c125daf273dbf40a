// What a visitor is asked, told and followed in beside messages: the form before the first one, ratings, hours, languages, pages.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser, openSite, shopPage, visit, Visitor } from './support/browser.mjs';
import { openParlor } from './support/parlor.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const FIELDS = [
  { key: 'name', label: 'Your name', type: 'text', required: true },
  { key: 'email', label: 'E-mail', type: 'email', required: true },
  { key: 'topic', label: 'What is it about?', type: 'select', options: ['An order', 'A plant'] },
];
const DEFAULTS = { language: 'auto', translations: {}, hours: null, title: null, reply_time: null, pre_chat: { enabled: false, fields: [] }, rating: { enabled: true } };
const NEVER = { enabled: true, timezone: 'Europe/Berlin', week: {}, away_message: 'Nobody is in the shop.' };

let parlor, browser, site, shop, channel, visitor;

before(async () => {
  [parlor, browser, site] = await Promise.all([openParlor(), openBrowser(), openSite()]);
  await parlor.silenceAssistant();
  channel = await parlor.channel();
  shop = site.page('/', shopPage(parlor, channel.channelToken));
});
afterEach(() => visitor?.close());
after(async () => {
  await browser?.close();
  site?.close();
  await parlor?.close();
});

/** Sets the channel up for one test; what is not named is as it begins. The panel may keep an older answer for a minute, a new profile has none. */
const set = (settings) => parlor.org(`/api/channels/${channel.id}`, { settings: { ...DEFAULTS, ...settings } }, 'PATCH');

/** What the staff see of a visitor. */
async function thread(visitor) {
  const { id } = await parlor.conversationOf(await visitor.sessionId());
  return parlor.org(`/api/inbox/conversations/${id}`);
}

/** Asks until the answer does: for what is told to nobody. */
async function eventually(ask) {
  for (const end = Date.now() + 15_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const found = await ask();
    if (found || Date.now() > end) return found;
  }
}

async function faultless() {
  for (const frame of visitor.page.frames()) {
    await frame.evaluate(axe);
    const { violations } = await frame.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target)]), [], frame.url());
  }
  const wide = await visitor.panel.locator('html').evaluate((html) => html.scrollWidth <= html.clientWidth);
  assert.ok(wide, 'nothing sticks out');
  assert.deepEqual(visitor.complaints, []);
}

for (const [where, options] of [['a desk', {}], ['a phone in the dark', { ...PHONE, colorScheme: 'dark' }]]) {
  test(`before the first message the visitor is asked, at ${where}, and the staff know the answers`, async () => {
    await set({ pre_chat: { enabled: true, fields: FIELDS } });
    visitor = await visit(browser, shop, options);
    await visitor.launcher.click();
    const name = visitor.panel.getByLabel('Your name');
    await name.waitFor();
    assert.equal(await visitor.text.isVisible(), false, 'the form stands in the composer’s place');
    await faultless();
    // By keyboard alone, from field to field.
    await name.focus();
    await visitor.page.keyboard.type('Ada Lovelace');
    await visitor.page.keyboard.press('Tab');
    await visitor.page.keyboard.type('ada@');
    await visitor.page.keyboard.press('Enter');
    const email = visitor.panel.getByLabel('E-mail');
    await visitor.panel.getByText('Please give an e-mail address.').waitFor();
    assert.equal(await email.getAttribute('aria-invalid'), 'true');
    assert.equal(await email.evaluate((field) => document.activeElement === field), true);
    await faultless();
    await visitor.page.keyboard.type('example.com');
    await visitor.page.keyboard.press('Tab');
    await visitor.page.keyboard.press('ArrowDown');
    await visitor.page.keyboard.press('Tab');
    await visitor.page.keyboard.press('Enter');
    await visitor.text.waitFor();
    assert.equal(await visitor.text.evaluate((field) => document.activeElement === field), true);

    // Nobody is asked twice, whether they have written or not.
    await visitor.page.reload();
    await visitor.open();
    assert.equal(await visitor.panel.getByLabel('Your name').count(), 0);
    await visitor.write('Hello');
    await visitor.sent('Hello');
    const { conversation, details } = await thread(visitor);
    assert.equal(conversation.contact.display_name, 'Ada Lovelace');
    assert.equal(conversation.contact.email, 'ada@example.com');
    assert.deepEqual(details.attributes, { topic: 'An order' });
  });
}

test('who is named by the page finds the name filled in, and who has written is not asked', async () => {
  await set({});
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('before there was a form');
  await visitor.sent('before there was a form');
  await set({ pre_chat: { enabled: true, fields: FIELDS } });
  const back = await visit(browser, shop, { storageState: await visitor.context.storageState() });
  await back.open();
  await back.bubble('before there was a form').waitFor();
  assert.equal(await back.panel.getByLabel('Your name').count(), 0);
  await back.close();
  const named = await visit(browser, shop);
  await named.page.evaluate(() => window.Parlor.identify({ name: 'Grace' }));
  await named.launcher.click();
  await named.panel.getByLabel('Your name').waitFor();
  assert.equal(await named.panel.getByLabel('Your name').inputValue(), 'Grace');
  await named.close();
});

for (const [where, options] of [['a desk', {}], ['a phone in the dark', { ...PHONE, colorScheme: 'dark' }]]) {
  test(`after a resolve the visitor says how it was, at ${where}, and may think it over`, async () => {
    await set({});
    visitor = await visit(browser, shop, options);
    await visitor.open();
    await visitor.write('My fern is ill');
    await visitor.sent('My fern is ill');
    assert.equal(await visitor.panel.locator('.rate').count(), 0);
    await parlor.resolve(await visitor.sessionId());
    const group = visitor.panel.getByRole('group', { name: 'How was this conversation?' });
    await group.waitFor();
    await faultless();
    // By keyboard alone: into the group, along it, and on.
    await group.getByRole('radio', { name: '1 of 5' }).focus();
    for (let i = 0; i < 3; i++) await visitor.page.keyboard.press('ArrowRight');
    assert.equal(await group.getByRole('radio', { name: '4 of 5' }).isChecked(), true);
    await visitor.page.keyboard.press('Tab');
    await visitor.page.keyboard.type('Kind <b>and</b> quick');
    await faultless();
    await visitor.page.keyboard.press('Tab');
    await visitor.page.keyboard.press('Enter');
    await visitor.panel.getByText('Thank you! You gave 4 of 5.').waitFor();
    await faultless();
    const { conversation, details } = await thread(visitor);
    assert.equal(conversation.rating, 4);
    assert.deepEqual(details.sessions.map(({ rating, rating_comment }) => [rating, rating_comment]), [[4, 'Kind <b>and</b> quick']]);

    await visitor.page.reload();
    await visitor.open();
    await visitor.panel.getByText('Thank you! You gave 4 of 5.').waitFor();
    await visitor.panel.getByRole('button', { name: 'Change' }).click();
    await group.getByRole('radio', { name: '5 of 5' }).check();
    await visitor.panel.getByRole('button', { name: 'Send rating' }).click();
    await visitor.panel.getByText('Thank you! You gave 5 of 5.').waitFor();
    assert.equal((await thread(visitor)).conversation.rating, 5);

    await visitor.write('one more thing');
    await visitor.sent('one more thing');
    await visitor.panel.locator('.rate').waitFor({ state: 'detached' });
    assert.deepEqual(visitor.complaints, []);
  });
}

test('a rating given in one tab shows in the other, and where the shop asks for none nobody is asked', async () => {
  await set({});
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('two tabs');
  await visitor.sent('two tabs');
  const other = new Visitor(visitor.context, await visitor.context.newPage());
  await other.page.goto(shop);
  await other.open();
  await other.bubble('two tabs').waitFor();
  await parlor.resolve(await visitor.sessionId());
  await other.panel.getByRole('group', { name: 'How was this conversation?' }).waitFor();
  await visitor.panel.getByRole('radio', { name: '3 of 5' }).check();
  await visitor.panel.getByRole('button', { name: 'Send rating' }).click();
  await other.panel.getByText('You gave 3 of 5.').waitFor();

  await set({ rating: { enabled: false } });
  const unasked = await visit(browser, shop);
  await unasked.open();
  await unasked.write('no questions');
  await unasked.sent('no questions');
  await parlor.resolve(await unasked.sessionId());
  await unasked.panel.getByText('This conversation was closed').waitFor();
  assert.equal(await unasked.panel.locator('.rate').count(), 0);
  await unasked.close();
});

test('outside its hours the shop says so and when it is back, and the visitor can write all the same', async () => {
  const day = [['00:00', '24:00']];
  const tomorrow = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][new Date(Date.now() + 86_400_000).getUTCDay()];
  const week = { [tomorrow]: [['09:00', '17:00']] };
  await set({ hours: { ...NEVER, timezone: 'UTC', week }, reply_time: 'hours' });
  visitor = await visit(browser, shop, { timezoneId: 'UTC' });
  await visitor.open();
  await visitor.panel.getByText('Nobody is in the shop.').waitFor();
  const weekday = new Intl.DateTimeFormat('en-US', { weekday: 'long', timeZone: 'UTC' }).format(Date.now() + 86_400_000);
  await visitor.panel.getByText(new RegExp(`We are back: ${weekday}.* 9:00\\sAM`)).waitFor();
  assert.equal(await visitor.state.innerText(), 'Away at the moment');
  await faultless();
  await visitor.write('for later');
  await visitor.sent('for later');

  await set({ hours: { ...NEVER, week: Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((name) => [name, day])) }, reply_time: 'hours' });
  const open = await visit(browser, shop);
  await open.open();
  await open.panel.getByText('Usually replies within a few hours').waitFor();
  assert.equal(await open.panel.getByText('Nobody is in the shop.').count(), 0);
  await open.close();
});

test('the chat speaks the language that was set, and the shop’s own words in it', async () => {
  const translations = { ar: { title: 'مساعدة', greeting: 'مرحبًا!' } };
  await set({ language: 'ar', title: 'Help', translations, pre_chat: { enabled: true, fields: FIELDS }, hours: NEVER });
  visitor = await visit(browser, shop);
  await visitor.launcher.click();
  await visitor.panel.getByRole('button', { name: 'بدء المحادثة' }).waitFor();
  const html = visitor.panel.locator('html');
  assert.deepEqual([await html.getAttribute('dir'), await html.getAttribute('lang')], ['rtl', 'ar']);
  await visitor.panel.getByRole('heading', { name: 'مساعدة' }).waitFor();
  await visitor.bubble('مرحبًا!').waitFor();
  await faultless();

  await set({ language: 'auto', title: 'Help', translations });
  const english = await visit(browser, shop);
  await english.open();
  await english.panel.getByRole('heading', { name: 'Help' }).waitFor();
  assert.equal(await english.launcher.getAttribute('aria-label'), 'Help');
  await english.close();
  // Where the visitor's own languages are none of ours, the page's is.
  const page = site.page('/fr', shopPage(parlor, channel.channelToken).replace('lang="en"', 'lang="fr"'));
  const dutch = await visit(browser, page, { locale: 'nl-NL' });
  await dutch.launcher.click();
  await dutch.panel.getByPlaceholder('Écrire un message').waitFor();
  await dutch.close();
});

test('the pages of whoever has written reach the staff, those without a load too, and of nobody else', async () => {
  await set({});
  const told = [];
  const watch = (page) => page.on('request', (request) => request.url().endsWith('/pages') && told.push(request.postDataJSON().url));
  visitor = await visit(browser, 'about:blank');
  watch(visitor.page);
  await visitor.page.goto(`${site.page('/?from=letter', shopPage(parlor, channel.channelToken))}#top`);
  await visitor.open();
  await visitor.online();
  await visitor.page.evaluate(() => history.pushState({}, '', '/pots'));
  // Longer than it takes to tell of a page.
  await visitor.page.waitForTimeout(3_000);
  assert.deepEqual(told, [], 'who has not written is not followed');
  await visitor.write('Do you have pots?');
  await visitor.sent('Do you have pots?');
  const pages = async () => (await thread(visitor)).details.page_views;
  assert.ok(await eventually(async () => (await pages()).length === 1));
  assert.equal((await pages())[0].url, `${site.url}/pots`);

  await visitor.page.evaluate(() => {
    history.pushState({}, '', '/cart?size=3#sum');
    document.title = 'Your cart';
  });
  assert.ok(await eventually(async () => (await pages()).length === 2));
  // A fragment is the same page, and so is another title.
  await visitor.page.evaluate(() => {
    location.hash = 'elsewhere';
    document.title = '(1) Your cart';
  });
  await visitor.page.goto(site.page('/next', shopPage(parlor, channel.channelToken)));
  assert.ok(await eventually(async () => (await pages()).length === 3));
  assert.deepEqual(
    (await pages()).map(({ url, title }) => [url, title]),
    [[`${site.url}/next`, 'Shop'], [`${site.url}/cart?size=3`, 'Your cart'], [`${site.url}/pots`, 'Shop']],
  );

  // Only the page around may say where the visitor is, and only of itself.
  await visitor.page.evaluate((origin) => {
    const frame = document.querySelector('parlor-chat').shadowRoot.querySelector('iframe').contentWindow;
    frame.postMessage({ parlor: 1, type: 'page', url: 'https://elsewhere.example/', title: 'x' }, origin);
    frame.postMessage({ parlor: 1, type: 'page', url: 'javascript:alert(1)', title: 'x' }, origin);
  }, parlor.url);
  await visitor.page.waitForTimeout(2_500);
  assert.equal((await pages()).length, 3);
  assert.deepEqual(visitor.complaints, []);
});

test('to somebody who is blocked the chat is not available, until they are not', async () => {
  await set({});
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('Buy my pills');
  await visitor.sent('Buy my pills');
  const { id } = (await thread(visitor)).conversation.contact;
  await parlor.org(`/api/contacts/${id}/block`, undefined, 'POST');
  await visitor.panel.getByText('This chat is not available at the moment.').waitFor();
  assert.equal(await visitor.text.isVisible(), false);
  await visitor.bubble('Buy my pills').waitFor();
  await visitor.page.reload();
  await visitor.launcher.click();
  await visitor.panel.getByText('This chat is not available at the moment.').waitFor();
  await parlor.org(`/api/contacts/${id}/unblock`, undefined, 'POST');
  await visitor.text.waitFor();
  await visitor.write('I am sorry');
  await visitor.sent('I am sorry');
});
