// The owner sets up the shop in the browser: from the welcome to a widget that answers, and every page of set-up by its main act and its worst input.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser, openSite, shopPage, visit } from './support/browser.mjs';
import { Agent, barriers, hire, PHONE } from './support/inbox.mjs';
import { openParlor } from './support/parlor.mjs';
import { png } from './support/pictures.mjs';

let parlor, browser, site, people;

before(async () => {
  [parlor, browser, site] = await Promise.all([openParlor(), openBrowser(), openSite()]);
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
  site?.close();
});

async function come(options = {}) {
  const one = await Agent.at(browser, parlor, { permissions: ['clipboard-read', 'clipboard-write'], ...options });
  people.push(one);
  return one;
}

/** Goes to a page of set-up and waits until it is there. */
async function open(person, path, heading) {
  await person.page.goto(`${parlor.url}/inbox/${path}`);
  await person.page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

/** Says yes in the question that has come up. */
async function confirm(page, yes) {
  await page.getByRole('dialog').getByRole('button', { name: yes, exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

const saved = (page) => page.getByRole('region', { name: 'Notices' }).getByText('Saved.').first().waitFor();

test('an owner goes from the welcome to a widget that the assistant answers in', async () => {
  const shop = parlor.account('Blue Mug');
  const { page } = await come({ ...shop });
  await page.getByRole('heading', { name: /^Welcome/ }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/inbox/welcome');

  await page.getByLabel('Name of the shop').fill('Blue Mug Ltd');
  await page.getByLabel('Colour', { exact: true }).fill('#0f766e');
  await page.getByLabel('Greeting').fill('Ask us about mugs.');
  await page.getByRole('button', { name: 'Next' }).click();

  await page.getByRole('heading', { name: 'Knowledge' }).waitFor();
  await page.getByLabel('Text', { exact: true }).fill('# Delivery\n\nWe deliver mugs within three working days.\n\n# Returns\n\nSend a mug back within 30 days.');
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByText('The assistant knows 2 articles.').waitFor();
  await page.getByRole('button', { name: 'Next' }).click();

  await page.getByLabel('Your question').fill('How long does it take to deliver a mug?');
  await page.getByRole('button', { name: 'Send' }).click();
  const log = page.getByRole('log', { name: 'Try it' });
  await log.getByText(/three working days/).waitFor();
  await log.getByRole('link', { name: 'Delivery' }).waitFor();
  await page.getByRole('button', { name: 'Next' }).click();

  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await page.getByText('Copied. Paste it into your pages now.').waitFor();
  const snippet = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(snippet, /<script src=".+\/widget\.js" data-channel="[0-9a-f]{32}" async><\/script>/);

  // The preview is the real widget.
  const preview = page.frameLocator('iframe[title="Preview"]');
  const panel = preview.frameLocator('parlor-chat iframe');
  await panel.getByRole('heading', { name: 'Blue Mug Ltd' }).waitFor();
  await panel.getByText('Ask us about mugs.').waitFor();
  await panel.getByRole('textbox').fill('How long does it take to deliver a mug?');
  await panel.getByRole('textbox').press('Enter');
  await panel.getByText(/three working days/).waitFor();

  await page.getByRole('button', { name: 'To the inbox' }).click();
  await page.locator('a.row').first().waitFor();
  await page.reload();
  await page.locator('a.row').first().waitFor();
  assert.equal(new URL(page.url()).pathname, '/inbox', 'the welcome is over');

  // What was copied works on a foreign page.
  const token = /data-channel="([0-9a-f]+)"/.exec(snippet)[1];
  const visitor = await visit(browser, site.page('/mugs', shopPage(parlor, token)));
  await visitor.page.locator('parlor-chat').getByRole('button').click();
  await visitor.page.frameLocator('parlor-chat iframe').getByText('Ask us about mugs.').waitFor();
  await visitor.context.close();
});

test('the preview leaves the focus where it is, and shows what has been saved', async () => {
  const { page } = await come();
  await open({ page }, 'settings/website/appearance', 'Website chat');
  const panel = page.frameLocator('iframe[title="Preview"]').frameLocator('parlor-chat iframe');
  await panel.getByRole('textbox').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName === 'IFRAME'), false);
  await page.getByLabel('Title', { exact: true }).fill('Plant help <b>now</b>');
  await page.locator('input[type=file]').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: png(64, 64) });
  await page.getByRole('img', { name: 'Logo' }).waitFor();
  await page.getByRole('button', { name: 'Add language' }).click();
  await page.getByRole('menuitem', { name: 'Deutsch' }).click();
  await page.getByRole('group', { name: 'Deutsch' }).getByLabel('Greeting').fill('Guten Tag!');
  await page.getByRole('button', { name: 'Save' }).click();
  await saved(page);
  await panel.getByRole('heading', { name: 'Plant help <b>now</b>' }).waitFor();
  const { settings } = (await parlor.org('/api/channels/')).find(({ kind }) => kind === 'website');
  assert.deepEqual(settings.translations, { de: { greeting: 'Guten Tag!' } });
  assert.ok(settings.logo_url);

  await page.getByLabel('Colour', { exact: true }).fill('#12345');
  await page.getByRole('button', { name: 'Save' }).click();
  assert.equal(await page.getByLabel('Colour', { exact: true }).evaluate((field) => field.validity.patternMismatch), true);
});

test('who leaves with unsaved changes is asked, by link and by the way back', async () => {
  const { page } = await come();
  await open({ page }, 'settings/team', 'Team');
  await page.getByRole('link', { name: 'Website chat' }).click();
  const name = page.getByLabel('Name of the channel');
  await name.fill('Another name');
  await page.getByRole('link', { name: 'Knowledge' }).click();
  await page.getByRole('heading', { name: 'Leave without saving?' }).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await name.inputValue(), 'Another name');
  await page.goBack();
  await page.getByRole('heading', { name: 'Leave without saving?' }).waitFor();
  assert.match(page.url(), /settings\/website$/);
  await confirm(page, 'Leave');
  await page.getByRole('heading', { level: 1, name: 'Team' }).waitFor();
  const [website] = await parlor.org('/api/channels/');
  assert.notEqual(website.name, 'Another name');
});

test('opening hours are kept by day, and hours that cannot be are refused beside the week', async () => {
  const { page } = await come();
  await open({ page }, 'settings/website/hours', 'Website chat');
  await page.getByRole('switch', { name: 'Show opening hours' }).check();
  await page.getByLabel('Time zone').selectOption('Europe/Berlin');
  await page.getByLabel('Monday: from').fill('08:30');
  await page.getByRole('button', { name: 'Monday: add hours' }).click();
  await page.getByLabel('Monday 2: to').fill('00:00');
  await page.getByRole('switch', { name: 'Friday' }).uncheck();
  await page.getByLabel('Message while closed').fill('Back soon.');
  await page.getByRole('button', { name: 'Save' }).click();
  await saved(page);
  const { hours } = (await parlor.org('/api/channels/')).find(({ kind }) => kind === 'website').settings;
  assert.deepEqual([hours.enabled, hours.timezone, hours.week.mon, hours.week.fri ?? []], [true, 'Europe/Berlin', [['08:30', '17:00'], ['18:00', '24:00']], []]);

  await page.getByLabel('Tuesday: from').fill('20:00');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').getByText(/week\.tue\[0\] must/).waitFor();
});

test('questions before the chat are made, ordered and asked', async () => {
  const { page } = await come();
  await open({ page }, 'settings/website/forms', 'Website chat');
  await page.getByRole('switch', { name: 'Ask before the chat begins' }).check();
  const add = async (what) => {
    await page.getByRole('button', { name: 'Add question' }).click();
    await page.getByRole('menuitem', { name: what }).click();
  };
  await add('E-mail address');
  await add('A choice of answers');
  await page.getByLabel('What is asked').last().fill('What is it about?');
  await page.getByLabel('Answers to choose from').fill('An order\nA return');
  await page.getByRole('button', { name: 'Move up: What is it about?' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await saved(page);
  const { pre_chat } = (await parlor.org('/api/channels/')).find(({ kind }) => kind === 'website').settings;
  assert.deepEqual(pre_chat.fields.map(({ label, type, options }) => [label, type, options?.length ?? 0]), [
    ['What is it about?', 'select', 2],
    ['E-mail address', 'email', 0],
  ]);
  await page.getByRole('switch', { name: 'Ask before the chat begins' }).uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
});

test('identity: a secret is shown once, proofs are required and given up again', async () => {
  const { page } = await come();
  await open({ page }, 'settings/website/identity', 'Website chat');
  assert.equal(await page.getByRole('button', { name: 'Require proofs' }).isDisabled(), true);
  await page.getByRole('button', { name: 'Make a secret' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Copy' }).click();
  assert.ok((await page.evaluate(() => navigator.clipboard.readText())).length >= 32);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await page.getByRole('button', { name: 'Require proofs' }).click();
  await confirm(page, 'Require proofs');
  await page.getByText('Ids need a proof').waitFor();
  await page.getByRole('button', { name: 'Believe ids again' }).click();
  await confirm(page, 'Believe ids again');
  await page.getByText('Ids are believed').waitFor();
});

test('articles are written, searched, imported from a file, and deleted after a question', async () => {
  const { page } = await come();
  await open({ page }, 'settings/articles/new', 'New article');
  await page.getByLabel('Title', { exact: true }).fill('Gift <i>wrapping</i>');
  await page.getByLabel('Text', { exact: true }).fill('We wrap gifts in recycled paper for 2 euros.');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { level: 1, name: 'Knowledge' }).waitFor();
  await page.getByLabel('Search articles').fill('recycled');
  await page.getByRole('list', { name: 'Knowledge' }).getByRole('link', { name: /wrapping/ }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('.lines.link > li').length === 1);
  await page.getByRole('link', { name: /Gift <i>wrapping<\/i>/ }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await confirm(page, 'Delete');
  await page.getByRole('heading', { level: 1, name: 'Knowledge' }).waitFor();

  await page.getByRole('link', { name: 'Import' }).click();
  const file = (name, text) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
  await page.locator('input[type=file]').setInputFiles(file('evil.exe', 'MZ'));
  await page.getByRole('alert').getByText('“evil.exe” is neither Markdown, HTML nor plain text.').waitFor();
  await page.locator('input[type=file]').setInputFiles(file('care.html', '<html><body><script>alert(1)</script><main><h1>Cactus care</h1><p>Water a cactus twice a month.</p></main></body></html>'));
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByRole('link', { name: /care/i }).first().waitFor();
});

test('an assistant is made, instructed, given a key that is never shown, and tried', async () => {
  const { page } = await come();
  await open({ page }, 'settings/assistants', 'Assistants');
  await page.getByRole('button', { name: 'New assistant' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Ivy');
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
  await page.getByRole('heading', { level: 1, name: 'Ivy' }).waitFor();
  await page.getByLabel('Provider').selectOption('openai');
  await page.getByLabel('API key').fill('sk-secret-1234567890');
  await page.getByLabel('API key').press('Enter');
  await page.getByText('Your own').waitFor();
  assert.equal((await page.content()).includes('sk-secret'), false);
  await page.getByRole('button', { name: 'Forget key' }).click();
  await confirm(page, 'Remove');
  await page.getByText('Missing').waitFor();
  await page.getByLabel('Provider').selectOption('local');
  await page.getByRole('button', { name: 'Save' }).click();
  await saved(page);
  await page.getByLabel('Your question').fill('How long does shipping to Austria take?');
  await page.getByLabel('Your question').press('Enter');
  await page.getByRole('log').locator('.said.assistant').waitFor();
  await page.getByRole('log').getByRole('link', { name: 'Shipping' }).waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await confirm(page, 'Delete');
  await page.getByRole('heading', { level: 1, name: 'Assistants' }).waitFor();
});

test('a flow is built step by step, checked at the step, tried, and saved', async () => {
  const { id } = await parlor.org('/api/assistants/', { name: 'Flora' });
  const { page } = await come();
  await open({ page }, `settings/assistants/${id}/flow`, 'Flow');
  const add = async (what) => {
    await page.getByRole('button', { name: 'Add step' }).click();
    await page.getByRole('menuitem', { name: what, exact: true }).click();
  };
  const step = (name) => page.getByRole('listitem', { name });
  await add('Say');
  await step('1. Say').getByText(/must not be empty/).first().waitFor();
  await step('1. Say').getByLabel('What it says').fill('Welcome, {{contact.name|friend}}!');
  await add('Ask');
  const question = step('2. Ask');
  await question.getByLabel('What it says').fill('What is it about?');
  await question.getByLabel('Answer', { exact: true }).selectOption('buttons');
  await question.getByLabel('Choice 1: what it says').fill('An order');
  await question.getByRole('button', { name: 'Add choice' }).click();
  await question.getByLabel('Choice 2: what it says').fill('A person');
  await add('Hand over');
  await page.getByText('The flow can be saved.').waitFor();

  await page.getByRole('button', { name: 'Say hello' }).click();
  const log = page.getByRole('log', { name: 'Try it' });
  await log.getByText('Welcome, friend!').waitFor();
  await log.getByRole('button', { name: 'A person' }).click();
  await log.getByText('Handed over to a person').waitFor();

  await page.getByRole('button', { name: 'Save' }).click();
  await saved(page);
  const { flow } = await parlor.org(`/api/assistants/${id}/flow`);
  assert.deepEqual(flow.steps.map(({ type }) => type), ['say', 'ask', 'handover']);
  assert.deepEqual(flow.steps[1].buttons[0], { label: 'An order', value: 'An order' });

  await page.getByRole('tab', { name: 'JSON' }).click();
  await page.getByLabel('JSON', { exact: true }).last().fill('{"steps": [');
  await page.getByRole('alert').getByText(/This is no JSON/).waitFor();
  await page.getByRole('tab', { name: /Steps/ }).click();
  await step('3. Hand over').waitFor();
});

test('a colleague is invited by a link that is copied, given a role, and removed after a question', async () => {
  const { page } = await come();
  await open({ page }, 'settings/team', 'Team');
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('dialog').getByLabel('E-mail address').fill('ada@shop.example');
  await page.getByRole('dialog').getByRole('button', { name: 'Make link' }).click();
  await page.getByRole('heading', { name: 'Invitation' }).waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Copy' }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(link, /\/auth\/invite\//);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await page.getByRole('list', { name: 'Invited' }).getByText('ada@shop.example').waitFor();

  const context = await browser.newContext({ javaScriptEnabled: false });
  const ada = await context.newPage();
  await ada.goto(link.replace(/^https?:\/\/[^/]+/, parlor.url));
  await ada.getByLabel('Your name').fill('Ada <b>L</b>');
  await ada.getByLabel('Choose a password').fill('a password of my own');
  await ada.getByRole('button', { name: 'Join the team' }).click();
  await ada.waitForURL('**/inbox');
  await context.close();

  const member = page.getByRole('list', { name: 'Team' }).getByRole('listitem').filter({ hasText: 'ada@shop.example' });
  await page.reload();
  await member.getByText('Ada <b>L</b>').waitFor();
  await member.getByRole('button', { name: /^Change/ }).click();
  await page.getByRole('menuitemradio', { name: 'Viewer' }).click();
  await member.getByText('Viewer').waitFor();
  await member.getByRole('button', { name: /^Change/ }).click();
  await page.getByRole('menuitem', { name: 'Remove from the team' }).click();
  await confirm(page, 'Remove');
  await member.waitFor({ state: 'detached' });
});

test('keys, tokens and replies are made, shown once and taken away', async () => {
  const { page } = await come();
  await open({ page }, 'settings/keys', 'API keys');
  await page.getByRole('button', { name: 'New API key' }).click();
  await page.getByLabel('Name').fill('Shop system');
  await page.getByRole('button', { name: 'Make key' }).click();
  const key = await page.getByRole('textbox', { name: 'API key' }).innerText();
  assert.match(key, /^pk_/);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  const answer = await fetch(`${parlor.url}/api/conversations/`, { headers: { Authorization: `Bearer ${key}` } });
  assert.equal(answer.status, 200);
  await page.getByRole('button', { name: 'Revoke: Shop system' }).click();
  await confirm(page, 'Revoke');
  await page.getByText('There is no key yet').waitFor();

  await open({ page }, 'settings/embeds', 'Embed tokens');
  await page.getByRole('button', { name: 'New embed token' }).click();
  await page.getByText('Without a list every page of the world may use this token.').waitFor();
  await page.getByLabel('Name').fill('Help pages');
  await page.getByLabel('Pages that may use it').fill('shop.example/path');
  await page.getByRole('button', { name: 'Make token' }).click();
  await page.getByRole('alert').first().waitFor();
  await page.getByLabel('Pages that may use it').fill('https://help.shop.example');
  await page.getByRole('button', { name: 'Make token' }).click();
  assert.match(await page.getByRole('textbox', { name: 'Token' }).innerText(), /^ew_/);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await page.getByRole('button', { name: 'Revoke: Help pages' }).click();
  await confirm(page, 'Revoke');

  await open({ page }, 'settings/replies', 'Canned replies');
  const reply = async () => {
    await page.getByRole('button', { name: 'New reply' }).click();
    await page.getByLabel('Shortcut').fill('/ship');
    await page.getByLabel('Text', { exact: true }).fill('We ship in two days.');
    await page.getByRole('button', { name: 'Save' }).click();
  };
  await reply();
  await page.getByText('/ship').waitFor();
  await reply();
  await page.getByRole('dialog').getByRole('alert').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Remove: /ship' }).click();
  await confirm(page, 'Delete');
  await page.getByText('There are no canned replies yet').waitFor();
});

test('a mobile channel is made, and credentials that do not do are refused beside their field', async () => {
  const { id } = await parlor.org('/api/assistants/', { name: 'Pocket' });
  const { page } = await come();
  await open({ page }, 'settings/mobile', 'Mobile apps');
  await page.getByRole('button', { name: 'New mobile channel' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Our app');
  await page.getByRole('dialog').getByLabel('Assistant').selectOption(id);
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
  await page.getByRole('link', { name: /Our app/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Our app' }).waitFor();
  await page.getByLabel('Service account').fill('{"type": "nonsense"}');
  await page.getByLabel('Service account').locator('xpath=ancestor::form').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').first().waitFor();
  await page.getByRole('button', { name: 'Remove channel' }).click();
  await confirm(page, 'Remove channel');
  await page.getByRole('heading', { level: 1, name: 'Mobile apps' }).waitFor();
});

test('a person changes name, look and language, and the password only with the right one', async () => {
  const person = await hire(parlor, 'Profile Person');
  const { page } = await come(person);
  await open({ page }, 'settings/profile', 'Profile');
  await page.getByLabel('Theme').selectOption('dark');
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
  await page.getByLabel('Language').selectOption('de');
  await page.getByRole('heading', { level: 1, name: 'Profil' }).waitFor();
  await page.getByLabel('Sprache').selectOption('en');
  await page.getByLabel('Current password').fill('wrong password');
  await page.getByLabel('New password').fill('another password of mine');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByRole('alert').first().waitFor();
  await page.getByLabel('Current password').fill(person.password);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText(/Your password is changed/).waitFor();
  await page.getByLabel('Name', { exact: true }).fill('');
  await page.getByLabel('Name', { exact: true }).fill('Profile Person II');
  await page.locator('form').filter({ has: page.getByLabel('Name', { exact: true }) }).getByRole('button', { name: 'Save' }).click();
  await saved(page);
  await page.reload();
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Profile Person II');
});

test('who may not change sees it, and why', async () => {
  const viewer = await hire(parlor, 'Vera Viewer', 'viewer');
  const { page } = await come(viewer);
  await open({ page }, 'settings/website', 'Website chat');
  await page.getByText('Your role may look at this, but not change it.').waitFor();
  assert.equal(await page.getByLabel('Name of the channel').isDisabled(), true);
  assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0);
  assert.equal(await page.getByRole('link', { name: 'API keys' }).count(), 0);
  await page.goto(`${parlor.url}/inbox/settings/keys`);
  await page.getByText('Your role may not see this page.').waitFor();
});

const PAGES = {
  welcome: /^Welcome/,
  'settings/website': 'Website chat',
  'settings/website/appearance': 'Website chat',
  'settings/website/hours': 'Website chat',
  'settings/website/forms': 'Website chat',
  'settings/website/identity': 'Website chat',
  'settings/mobile': 'Mobile apps',
  'settings/embeds': 'Embed tokens',
  'settings/assistants': 'Assistants',
  'settings/articles': 'Knowledge',
  'settings/articles/import': 'Import',
  'settings/replies': 'Canned replies',
  'settings/team': 'Team',
  'settings/keys': 'API keys',
  'settings/usage': 'Plan and usage',
  'settings/profile': 'Profile',
};

for (const [form, options] of Object.entries({
  'desk, light': { colorScheme: 'light' },
  'desk, dark': { colorScheme: 'dark' },
  'phone, light': { ...PHONE, colorScheme: 'light' },
  'phone, dark': { ...PHONE, colorScheme: 'dark' },
})) {
  test(`set-up is open to everybody: ${form}`, async () => {
    const person = await come(options);
    const [assistant] = await parlor.org('/api/assistants/');
    for (const [path, heading] of Object.entries({ ...PAGES, [`settings/assistants/${assistant.id}`]: assistant.name, [`settings/assistants/${assistant.id}/flow`]: 'Flow' })) {
      await open(person, path, heading);
      await person.page.locator('.skeleton').first().waitFor({ state: 'detached' });
      assert.deepEqual(await barriers(person.page), [], path);
      const wide = await person.page.evaluate(() => [...document.querySelectorAll('.scroller')].some((part) => part.scrollWidth > part.clientWidth));
      assert.equal(wide, false, `${path} is wider than the window`);
    }
  });
}
