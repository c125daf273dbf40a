// The inbox: agents and visitors, agents and agents, in real browsers.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser, openSite, shopPage, visit } from './support/browser.mjs';
import { Agent, hire, openVisitors } from './support/inbox.mjs';
import { openParlor } from './support/parlor.mjs';
import { png } from './support/pictures.mjs';

let parlor, browser, site, visitors, people;

before(async () => {
  [parlor, browser, site] = await Promise.all([openParlor(), openBrowser(), openSite()]);
  await Promise.all([parlor.silenceAssistant(), parlor.welcomed()]);
  visitors = await openVisitors(parlor);
  people = [];
});
afterEach(async () => {
  await Promise.all(people.splice(0).map((person) => person.close()));
});
after(async () => {
  visitors?.close();
  await browser?.close();
  site?.close();
  await parlor?.close();
});

async function agent(options) {
  const one = await Agent.at(browser, parlor, options);
  people.push(one);
  return one;
}

/** Nothing went wrong that nobody saw. */
function calm(...agents) {
  for (const { complaints } of agents) assert.deepEqual(complaints, []);
}

test('an agent and a visitor talk, and each sees what the other does', async () => {
  const anna = await agent();
  const { channelToken } = await parlor.channel();
  const visitor = await visit(browser, site.page('/talk', shopPage(parlor, channelToken)));
  people.push(visitor);
  await visitor.open();
  await visitor.write('Is the monstera in stock?');
  await visitor.sent('Is the monstera in stock?');
  const row = anna.rows.filter({ hasText: 'Is the monstera in stock?' });
  await row.locator('.row-unread').getByText('1', { exact: true }).waitFor();
  await anna.page.waitForFunction(() => /^\(\d+\) /.test(document.title));
  await row.click();
  await anna.said('Is the monstera in stock?').waitFor();
  await row.locator('.row-unread').waitFor({ state: 'detached' });
  await visitor.text.pressSequentially('And');
  await anna.page.getByRole('status').filter({ hasText: 'is typing' }).waitFor();
  await anna.text.pressSequentially('Yes, ');
  await visitor.panel.getByRole('img', { name: 'Someone is typing' }).waitFor();
  await anna.write('Yes, five of them.');
  await visitor.bubble('Yes, five of them.').waitFor();
  await anna.said('Yes, five of them.').getByText('Read', { exact: true }).waitFor();
  await anna.page.getByRole('button', { name: 'Assigned to You. Change' }).waitFor();
  calm(anna);
});

test('a conversation is claimed, tagged, snoozed, resolved and opened again', async () => {
  const anna = await agent();
  const one = await visitors.comes('Olga Order');
  await one.writes('Where is my order?');
  await anna.open('Olga Order');
  await anna.page.keyboard.press('Escape');
  await anna.page.getByRole('button', { name: 'Assigned to Nobody. Change' }).click();
  await anna.page.getByRole('menuitemradio', { name: 'Me' }).click();
  await anna.page.getByRole('button', { name: 'Assigned to You. Change' }).waitFor();
  await anna.page.getByRole('button', { name: 'Add tag' }).click();
  await anna.page.getByLabel('Tag', { exact: true }).fill('delivery');
  await anna.page.getByRole('button', { name: 'Add', exact: true }).click();
  await anna.row('Olga Order').getByText('delivery').waitFor();
  await anna.page.getByRole('button', { name: 'Snooze' }).click();
  await anna.page.getByRole('menuitem', { name: 'Tomorrow' }).click();
  await anna.row('Olga Order').waitFor({ state: 'detached' });
  // Whoever writes wakes it.
  await one.writes('It is urgent.');
  await anna.row('Olga Order').waitFor();
  await anna.page.getByRole('button', { name: 'Resolve', exact: true }).click();
  await anna.row('Olga Order').waitFor({ state: 'detached' });
  await anna.page.getByRole('button', { name: 'Reopen' }).click();
  await anna.row('Olga Order').waitFor();
  const { conversation } = await parlor.org(`/api/inbox/conversations/${one.id}`);
  assert.deepEqual([conversation.status, conversation.tags], ['open', ['delivery']]);
  calm(anna);
});

test('what the server refuses is taken back, and said', async () => {
  const anna = await agent();
  const one = await visitors.comes('Rita Rollback');
  await one.writes('Hello?');
  await anna.open('Rita Rollback');
  await anna.page.route('**/resolve', (route) => route.fulfill({ status: 500, contentType: 'application/json', body: '{"error":"The disk is full."}' }));
  await anna.page.getByRole('button', { name: 'Resolve', exact: true }).click();
  await anna.page.getByText('It could not be resolved. The disk is full.').waitFor();
  await anna.page.getByRole('button', { name: 'Resolve', exact: true }).waitFor();
  await anna.row('Rita Rollback').waitFor();
  calm(anna);
});

test('two agents see each other: who looks, who writes, who has taken over', async () => {
  const bo = await hire(parlor, 'Bo Borg');
  const anna = await agent();
  const his = await agent({ email: bo.email, password: bo.password });
  const one = await visitors.comes('Carla Collision');
  await one.writes('Can somebody help me?');
  await anna.open('Carla Collision');
  await his.open('Carla Collision');
  await anna.page.getByRole('img', { name: 'Also here: Bo Borg' }).waitFor();
  await his.text.pressSequentially('I will ');
  await anna.page.getByText('Bo Borg is writing a reply, too.').waitFor();
  await his.write('I will help you.');
  await anna.said('I will help you.').waitFor();
  await anna.page.getByRole('button', { name: 'Assigned to Bo Borg. Change' }).waitFor();
  await his.page.goto(`${parlor.url}/inbox`);
  await anna.page.getByRole('img', { name: 'Also here: Bo Borg' }).waitFor({ state: 'detached' });
  calm(anna, his);
});

test('a note names a colleague, who finds it among their mentions, and no visitor hears of it', async () => {
  const bo = await hire(parlor, 'Bea Note');
  const anna = await agent();
  const hers = await agent({ email: bo.email, password: bo.password });
  const one = await visitors.comes('Nils Noted');
  await one.writes('A question');
  await one.joins();
  await anna.open('Nils Noted');
  await anna.page.getByText('Private note', { exact: true }).click();
  await anna.text.pressSequentially('Ask @Be');
  await anna.page.getByRole('option', { name: /Bea Note/ }).waitFor();
  await anna.text.press('Enter');
  assert.equal(await anna.text.inputValue(), 'Ask @Bea Note ');
  await anna.text.pressSequentially('about this.');
  await anna.text.press('Enter');
  await anna.log.locator('.note', { hasText: 'about this.' }).locator('mark', { hasText: '@Bea Note' }).waitFor();
  await hers.page.getByRole('link', { name: /^Mentions/ }).locator('.unread').waitFor();
  await hers.page.getByRole('link', { name: /^Mentions/ }).click();
  await hers.open('Nils Noted');
  await hers.log.locator('.note', { hasText: 'about this.' }).waitFor();
  await hers.page.getByRole('link', { name: /^Mentions/ }).locator('.unread').waitFor({ state: 'detached' });
  await anna.page.getByText('Reply', { exact: true }).click();
  await anna.write('We will ask.');
  await anna.said('We will ask.').waitFor();
  const [heard] = await visitors.hears(({ content }) => content === 'We will ask.');
  assert.equal(heard.conversation_id, one.id);
  assert.equal(visitors.heard.some(({ content }) => /about this/.test(content)), false);
  calm(anna, hers);
});

test('canned replies, emoji and files are at hand', async () => {
  await parlor.org('/api/canned-replies/', { shortcut: 'hello', content: 'Hello {name}, how can we help?' });
  const anna = await agent();
  const one = await visitors.comes('Fiona File');
  await one.writes('Hi');
  await anna.open('Fiona File');
  await anna.text.pressSequentially('/he');
  await anna.page.getByRole('option', { name: /\/hello/ }).waitFor();
  await anna.text.press('Tab');
  assert.equal(await anna.text.inputValue(), 'Hello Fiona File, how can we help?');
  await anna.page.getByRole('button', { name: 'Emoji' }).click();
  await anna.page.getByRole('button', { name: '🌱' }).click();
  await anna.page.locator('.composer input[type=file]').setInputFiles({ name: 'leaf.png', mimeType: 'image/png', buffer: Buffer.from(png(24, 24)) });
  await anna.page.locator('.attachments').getByText('leaf.png').waitFor();
  await anna.page.getByRole('button', { name: 'Send', exact: true }).click();
  const sent = anna.said('how can we help?🌱');
  await sent.locator('img').waitFor();
  assert.equal(await sent.locator('img').evaluate(async (image) => (await image.decode(), image.naturalWidth)), 24);
  // By paste, as by dropping: the same way.
  await anna.text.focus();
  await anna.page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(['plain'], 'pasted.txt', { type: 'text/plain' }));
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await anna.page.locator('.attachments').getByText('pasted.txt').waitFor();
  await anna.page.locator('.attachments progress').waitFor({ state: 'detached' });
  await anna.text.press('Enter');
  await anna.said('pasted.txt').getByRole('link').waitFor();
  calm(anna);
});

test('a draft is in the other tab and survives a reload; both tabs agree on what is done', async () => {
  const anna = await agent();
  const one = await visitors.comes('Dora Draft');
  await one.writes('Are you there?');
  await anna.open('Dora Draft');
  const other = await anna.tab(`/inbox/c/${one.id}`);
  await other.said('Are you there?').waitFor();
  await anna.page.bringToFront();
  await anna.text.pressSequentially('I am writ');
  await other.page.waitForFunction(() => document.querySelector('.composer textarea').value === 'I am writ');
  await other.page.reload();
  await other.page.waitForFunction(() => document.querySelector('.composer textarea')?.value === 'I am writ');
  await anna.write('I am here.');
  await other.said('I am here.').waitFor();
  await other.page.waitForFunction(() => document.querySelector('.composer textarea').value === '');
  await anna.page.getByRole('button', { name: 'Resolve', exact: true }).click();
  await other.page.getByRole('button', { name: 'Reopen' }).waitFor();
  calm(anna, other);
});

test('without a connection nothing is lost: what was missed comes, what was written goes out', async () => {
  const anna = await agent();
  const one = await visitors.comes('Otto Offline');
  await one.writes('First');
  await anna.open('Otto Offline');
  await anna.said('First').waitFor();
  await anna.context.setOffline(true);
  await anna.page.getByText('No connection.').waitFor();
  await anna.write('Written without a connection');
  const failed = anna.log.locator('.failed', { hasText: 'Written without a connection' });
  await failed.getByRole('alert').waitFor();
  await one.writes('Second');
  const two = await visitors.comes('Nora New');
  await two.writes('I am new');
  await anna.context.setOffline(false);
  await anna.page.getByText('No connection.').waitFor({ state: 'detached' });
  await anna.said('Second').waitFor();
  await anna.row('Nora New').waitFor();
  assert.deepEqual((await anna.names()).slice(0, 2), ['Nora New', 'Otto Offline']);
  // What failed is still there after a reload, until somebody decides.
  await anna.page.reload();
  await failed.getByRole('button', { name: 'Try again' }).click();
  await anna.said('Written without a connection').getByText('Sent', { exact: true }).waitFor();
  const { messages } = await parlor.org(`/api/inbox/conversations/${one.id}`);
  assert.deepEqual(messages.map(({ content }) => content), ['First', 'Second', 'Written without a connection']);
});

test('the server is killed and comes back: the page goes on', async () => {
  const anna = await agent();
  const one = await visitors.comes('Kim Killed');
  await one.writes('Before');
  await anna.open('Kim Killed');
  await anna.said('Before').waitFor();
  await parlor.kill();
  await anna.page.getByText('No connection.').waitFor();
  await parlor.start();
  await anna.page.getByText('No connection.').waitFor({ state: 'detached' });
  await one.writes('After');
  await anna.said('After').waitFor();
  await anna.write('Welcome back');
  await anna.said('Welcome back').getByText('Sent', { exact: true }).waitFor();
});

test('long threads go on above without a jump, and what comes while one reads there is announced', async () => {
  const anna = await agent();
  const one = await visitors.comes('Lara Long');
  for (let i = 1; i <= 130; i++) await one.writes(`Line number ${i}.`);
  await anna.open('Lara Long');
  await anna.said('Line number 130.').waitFor();
  const box = anna.page.locator('.timeline-scroll');
  await anna.page.evaluate(() => document.querySelector('.timeline-scroll').scrollTo({ top: -1_000_000 }));
  const first = anna.said(/^.*Line number 81\./);
  await anna.said('Line number 31.').first().waitFor({ state: 'attached' });
  await first.waitFor();
  await box.evaluate((element) => element.scrollTo({ top: -1200 }));
  const seen = await anna.page.evaluate(() => {
    const box = document.querySelector('.timeline-scroll').getBoundingClientRect();
    const row = [...document.querySelectorAll('.entries > li')].find((li) => li.getBoundingClientRect().top > box.top + 100);
    return { text: row.innerText, top: row.getBoundingClientRect().top };
  });
  await one.writes('And one more.');
  await anna.page.getByRole('button', { name: 'New messages' }).waitFor();
  const now = await anna.page.evaluate((text) => [...document.querySelectorAll('.entries > li')].find((li) => li.innerText === text).getBoundingClientRect().top, seen.text);
  assert.ok(Math.abs(now - seen.top) <= 2, `it moved by ${now - seen.top} pixels`);
  await anna.page.getByRole('button', { name: 'New messages' }).click();
  await anna.said('And one more.').waitFor();
  calm(anna);
});

test('the contact is edited, blocked and let in again', async () => {
  const anna = await agent();
  const one = await visitors.comes('Ed Edited');
  await one.writes('Hello');
  await anna.open('Ed Edited');
  await anna.panel.getByRole('button', { name: 'Edit contact' }).click();
  const dialog = anna.page.getByRole('dialog', { name: 'Edit contact' });
  await dialog.getByLabel('Name', { exact: true }).fill('Edda Edited');
  await dialog.getByLabel('E-mail').fill('edda@example.com');
  await dialog.getByRole('button', { name: 'Add attribute' }).click();
  await dialog.getByLabel('Attribute', { exact: true }).fill('customer number');
  await dialog.getByLabel('Value', { exact: true }).fill('4711');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await anna.page.getByRole('heading', { name: 'Edda Edited', level: 1 }).waitFor();
  await anna.row('Edda Edited').waitFor();
  await anna.panel.getByText('4711').waitFor();
  await anna.panel.getByRole('button', { name: 'Block' }).click();
  await anna.page.getByRole('dialog', { name: 'Block Edda Edited?' }).getByRole('button', { name: 'Block' }).click();
  await anna.panel.getByText('Blocked').waitFor();
  assert.ok((await one.writes('Am I blocked?')).error);
  await anna.panel.getByRole('button', { name: 'Unblock' }).click();
  await anna.panel.getByRole('button', { name: 'Block' }).waitFor();
  await one.writes('Thank you');
  await anna.said('Thank you').waitFor();
  assert.equal(await anna.said('Am I blocked?').count(), 0);
  calm(anna);
});

test('the assistant answers with its sources, is relieved, suggests a reply, and gets the conversation back', async () => {
  const { id } = await parlor.channel();
  await parlor.staff(`channels/${id}/toggle-agent`, { isAgentEnabled: true });
  try {
    const anna = await agent();
    const one = await visitors.comes('Sue Sources');
    await one.writes('How long does shipping to Austria take?');
    await anna.open('Sue Sources');
    const answer = anna.log.locator('.message.bot');
    await answer.locator('.sources').waitFor();
    assert.match(await answer.innerText(), /Austria/);
    await anna.page.getByRole('button', { name: 'Take over' }).click();
    await anna.page.getByRole('button', { name: 'Assigned to You. Change' }).waitFor();
    await one.writes('And can I return a plant?');
    await anna.said('And can I return a plant?').waitFor();
    await anna.page.getByRole('button', { name: 'Suggest a reply' }).click();
    await anna.page.waitForFunction(() => /fourteen|14/i.test(document.querySelector('.composer textarea').value));
    await anna.page.locator('.composer-sources').waitFor();
    await anna.text.press('Enter');
    await anna.log.locator('.message.agent', { hasText: /fourteen|14/i }).waitFor();
    await anna.page.getByRole('button', { name: 'More', exact: true }).click();
    await anna.page.getByRole('menuitem', { name: /^Hand to / }).click();
    await anna.page.getByText('The assistant answers again.').waitFor();
    await one.writes('When are you open on Saturday?');
    await anna.log.locator('.message.bot', { hasText: 'Saturday' }).waitFor();
    calm(anna);
  } finally {
    await parlor.silenceAssistant();
  }
});

test('everything goes by the keyboard alone', async () => {
  const anna = await agent();
  const one = await visitors.comes('Kay Keys');
  await one.writes('First of the list');
  await anna.row('Kay Keys').waitFor();
  const key = (name) => anna.page.keyboard.press(name);
  await key('?');
  await anna.page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await key('Escape');
  await key('j');
  await anna.page.getByRole('heading', { name: 'Kay Keys', level: 1 }).waitFor();
  await key('r');
  await anna.page.keyboard.type('From the keyboard');
  await key('Enter');
  await anna.said('From the keyboard').waitFor();
  await key('Escape');
  await key('t');
  await anna.page.getByLabel('Tag', { exact: true }).waitFor();
  await anna.page.keyboard.type('typed');
  await key('Enter');
  await anna.row('Kay Keys').getByText('typed').waitFor();
  await key('n');
  await anna.page.keyboard.type('Only for us');
  await key('Enter');
  await anna.log.locator('.note', { hasText: 'Only for us' }).waitFor();
  await key('Escape');
  await key('a');
  await anna.page.getByRole('menu', { name: 'Assign to' }).waitFor();
  await anna.page.keyboard.type('nob');
  await key('Enter');
  await anna.page.getByRole('button', { name: 'Assigned to Nobody. Change' }).waitFor();
  await key('Control+k');
  const palette = anna.page.getByRole('dialog', { name: 'Commands' });
  await palette.getByRole('combobox').waitFor();
  await anna.page.keyboard.type('take');
  await key('Enter');
  await anna.page.getByRole('button', { name: 'Assigned to You. Change' }).waitFor();
  await key('s');
  await anna.page.getByRole('menu', { name: 'Snooze' }).waitFor();
  await key('Escape');
  await key('e');
  await anna.row('Kay Keys').waitFor({ state: 'detached' });
  await key('Control+k');
  await palette.getByRole('combobox').waitFor();
  await anna.page.keyboard.type('Kay Keys');
  await palette.getByRole('option', { name: /First of the list|From the keyboard/ }).waitFor();
  await key('ArrowUp');
  await key('Escape');
  await key('/');
  await anna.page.keyboard.type('keyboard');
  await anna.row('Kay Keys').waitFor();
  calm(anna);
});
