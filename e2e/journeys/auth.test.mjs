// The team in their browsers: signing in, joining, and being signed out. The pages work without a script, so these browsers have none.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser } from './support/browser.mjs';
import { openParlor } from './support/parlor.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let parlor, browser, contexts;

before(async () => {
  [parlor, browser] = await Promise.all([openParlor(), openBrowser()]);
  contexts = [];
});
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
});
after(async () => {
  await browser?.close();
  await parlor?.close();
});

/** A browser of its own. */
async function open(path, options = {}) {
  const context = await browser.newContext({ javaScriptEnabled: false, ...options });
  contexts.push(context);
  const page = await context.newPage();
  await page.goto(parlor.url + path);
  return page;
}

async function signIn(page, email, password) {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Invites somebody as the owner's page would, and says where the link leads. */
async function invite(page, email, role) {
  const token = await page.locator('meta[name=csrf-token]').getAttribute('content');
  const headers = { 'X-CSRFToken': token };
  const answer = await page.request.post(`${parlor.url}/api/team/invites/`, { headers, data: { email, role } });
  assert.equal(answer.status(), 201, await answer.text());
  return (await answer.json()).link.replace(parlor.url, '');
}

test('a person signs in by the form and works from their page', async () => {
  const page = await open('/auth/account');
  assert.equal(new URL(page.url()).pathname, '/auth/login');
  assert.equal(await page.getByLabel('E-mail address').evaluate((input) => input === document.activeElement), true);
  await signIn(page, parlor.email, 'wrong password');
  await page.getByRole('alert').getByText('E-mail address or password is wrong.').waitFor();
  assert.equal(await page.getByLabel('E-mail address').inputValue(), parlor.email);
  assert.equal(await page.getByLabel('Password').inputValue(), '');
  await signIn(page, parlor.email, parlor.password);
  await page.waitForURL('**/auth/account');
  await page.getByRole('heading', { name: 'Fern & Pot' }).waitFor();
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite, cookie.secure], ['session', true, 'Lax', false]);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.waitForURL('**/auth/login');
  assert.deepEqual(await page.context().cookies(), []);
  await page.goto(`${parlor.url}/auth/account`);
  assert.equal(new URL(page.url()).pathname, '/auth/login');
});

test('an invited person joins by the link', async () => {
  const owner = await open('/auth/account');
  await signIn(owner, parlor.email, parlor.password);
  const link = await invite(owner, 'ada@shop.example', 'agent');
  const ada = await open(link);
  await ada.getByRole('heading', { name: 'Join Fern & Pot' }).waitFor();
  assert.equal(await ada.getByLabel('E-mail address').inputValue(), 'ada@shop.example');
  await ada.getByLabel('Your name').fill('Ada <b>Lovelace</b>');
  await ada.getByLabel('Choose a password').fill('a password of my own');
  await ada.getByRole('button', { name: 'Join the team' }).click();
  await ada.waitForURL('**/inbox');
  await ada.goto(`${parlor.url}/auth/account`);
  await ada.getByRole('heading', { name: 'Ada <b>Lovelace</b>' }).waitFor();
  await ada.getByText('Agent', { exact: true }).waitFor();
  const late = await open(link);
  await late.getByRole('heading', { name: 'This invitation cannot be used' }).waitFor();
  await late.getByRole('link', { name: 'sign in' }).click();
  await signIn(late, 'ada@shop.example', 'a password of my own');
  await late.waitForURL('**/inbox');
  await late.goto(`${parlor.url}/auth/account`);
  await late.getByText('You are signed in once more', { exact: false }).waitFor();
});

test('a changed password signs the other browser out', async () => {
  const owner = await open('/auth/account');
  await signIn(owner, parlor.email, parlor.password);
  const path = await invite(owner, 'bo@shop.example', 'viewer');
  const here = await open(path);
  await here.getByLabel('Your name').fill('Bo');
  await here.getByLabel('Choose a password').fill('a password of my own');
  await here.getByRole('button', { name: 'Join the team' }).click();
  await here.waitForURL('**/inbox');
  await here.goto(`${parlor.url}/auth/account`);
  const there = await open('/auth/account');
  await signIn(there, 'bo@shop.example', 'a password of my own');
  await there.getByRole('heading', { name: 'Bo' }).waitFor();

  const change = async (current, next) => {
    await here.getByLabel('Current password').fill(current);
    await here.getByLabel('New password').fill(next);
    await here.getByRole('button', { name: 'Change password' }).click();
  };
  await change('not my password', 'another password');
  await here.getByRole('alert').getByText('The current password is wrong.').waitFor();
  await there.reload();
  await there.getByRole('heading', { name: 'Bo' }).waitFor();
  await change('a password of my own', 'another password');
  await here.getByRole('status').getByText('Your password is changed.', { exact: false }).waitFor();
  await there.reload();
  assert.equal(new URL(there.url()).pathname, '/auth/login');
  await signIn(there, 'bo@shop.example', 'a password of my own');
  await there.getByRole('alert').waitFor();
  await signIn(there, 'bo@shop.example', 'another password');
  await there.getByRole('heading', { name: 'Bo' }).waitFor();
});

for (const colorScheme of ['light', 'dark']) {
  for (const [device, options] of [['desktop', {}], ['phone', PHONE]]) {
    test(`nothing on the pages stands in the way of assistive technology (${device}, ${colorScheme})`, async () => {
      // The checker is a script; the pages have none.
      const page = await open('/auth/login', { ...options, colorScheme, javaScriptEnabled: true, bypassCSP: true });
      const check = async () => {
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run());
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target)]), [], page.url());
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, page.url());
        for (const control of await page.locator('button:visible, input:visible').all()) {
          const { height } = await control.boundingBox();
          assert.ok(height >= 44, `${await control.innerText()} is ${height} high`);
        }
      };
      await check();
      await signIn(page, parlor.email, 'wrong password');
      await page.getByRole('alert').filter({ hasText: 'wrong' }).waitFor();
      await check();
      await signIn(page, parlor.email, parlor.password);
      await page.waitForURL('**/inbox');
      await page.goto(`${parlor.url}/auth/account`);
      await check();
      const link = await invite(page, 'carol@shop.example', 'admin');
      await page.goto(`${parlor.url}/auth/account?said=others`);
      await check();
      await page.goto(parlor.url + link);
      await check();
      await page.goto(`${parlor.url}/auth/invite/none`);
      await check();
    });
  }
}
