// The dashboard, over half a year of a busy shop.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser } from './support/browser.mjs';
import { Agent, barriers, PHONE } from './support/inbox.mjs';
import { openParlor } from './support/parlor.mjs';

let parlor, browser, people;

before(async () => {
  [parlor, browser] = await Promise.all([openParlor(), openBrowser()]);
  await parlor.fill('400', '2000');
  people = [];
});
afterEach(async () => {
  for (const person of people.splice(0)) {
    assert.deepEqual(person.complaints, []);
    await person.close();
  }
});
after(async () => {
  await browser?.close();
  await parlor?.close();
});

async function look(options = {}) {
  const person = await Agent.at(browser, parlor, options);
  people.push(person);
  await person.page.goto(`${parlor.url}/inbox/reports`);
  await person.page.getByRole('heading', { name: 'Conversations over time' }).waitFor();
  return person;
}

/** The calendar of the browser, which the page reckons by. */
const day = (page, before) =>
  page.evaluate((before) => {
    const now = new Date();
    const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() - before);
    return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
  }, before);

const tile = (page, name) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });

test('the tiles say what the server counts, for the period that is chosen', async () => {
  const { page } = await look();
  for (const [option, days] of [
    ['Last 30 days', 30],
    ['Last 7 days', 7],
    ['Last 365 days', 365],
  ]) {
    await page.getByLabel('Period').selectOption(option);
    const from = await day(page, days - 1);
    const { totals } = await parlor.org(`/api/reports/?from=${from}&to=${await day(page, 0)}&timezone=UTC`);
    await tile(page, 'Conversations').getByText(String(totals.conversations), { exact: true }).waitFor();
    await tile(page, 'Rating').getByText(`${totals.rating.count} rating`).waitFor();
    await tile(page, 'Resolved').getByText(`${totals.resolved} of ${totals.conversations} conversations`).waitFor();
  }
  assert.match(page.url(), /days=365/);
  await page.reload();
  await page.getByText('Begun and resolved, a bar a week.').waitFor();
});

test('every chart has its numbers as a table, and a name', async () => {
  const { page } = await look();
  const { days } = await parlor.org(`/api/reports/?from=${await day(page, 29)}&to=${await day(page, 0)}&timezone=UTC`);
  await page.getByRole('img', { name: /^Conversations over time: from/ }).waitFor();
  await page.getByRole('img', { name: /^Busiest hours: / }).waitFor();
  const card = page.locator('.card').filter({ has: page.getByRole('heading', { name: 'Conversations over time' }) });
  await card.getByRole('button', { name: 'As a table' }).click();
  const rows = await card.getByRole('row').allInnerTexts();
  assert.equal(rows.length, days.length + 1);
  const counted = rows.slice(1).map((row) => row.split('\t').slice(-2).map(Number));
  assert.deepEqual(counted, days.map(({ conversations, resolved }) => [conversations, resolved]));
});

test('a period of one’s own is checked, kept in the address, and exported', async () => {
  const { page } = await look();
  const [from, to] = [await day(page, 20), await day(page, 10)];
  await page.getByLabel('Period').selectOption('custom');
  await page.getByRole('dialog').getByLabel('From').fill(to);
  await page.getByRole('dialog').getByLabel('To').fill(from);
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('alert').getByText('The end must not be before the beginning.').waitFor();
  await page.getByRole('dialog').getByLabel('From').fill(from);
  await page.getByRole('dialog').getByLabel('To').fill(to);
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL((url) => url.searchParams.get('from') === from && url.searchParams.get('to') === to);
  const { totals } = await parlor.org(`/api/reports/?from=${from}&to=${to}&timezone=UTC`);
  await tile(page, 'Conversations').getByText(String(totals.conversations), { exact: true }).waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export CSV' }).click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString('utf8').trim().split('\r\n');
  assert.equal(lines.length, totals.conversations + 1);
});

test('where nothing has happened the page says what to do', async () => {
  const shop = parlor.account('Quiet Shop');
  const person = await Agent.at(browser, parlor, shop);
  people.push(person);
  await person.page.goto(`${parlor.url}/inbox/reports`);
  await person.page.getByText('Nothing has happened yet').waitFor();
});

for (const [form, options] of Object.entries({
  'desk, light': { colorScheme: 'light' },
  'desk, dark': { colorScheme: 'dark' },
  'phone, light': { ...PHONE, colorScheme: 'light' },
  'phone, dark': { ...PHONE, colorScheme: 'dark' },
})) {
  test(`the dashboard is open to everybody: ${form}`, async () => {
    const { page } = await look(options);
    assert.deepEqual(await barriers(page), []);
    assert.equal(await page.evaluate(() => [...document.querySelectorAll('.scroller')].some((part) => part.scrollWidth > part.clientWidth)), false);
    const tables = page.getByRole('button', { name: 'As a table' });
    while (await tables.count()) await tables.first().click();
    assert.deepEqual(await barriers(page), []);
  });
}
