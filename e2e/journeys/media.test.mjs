// Files and rich messages, as visitors see and send them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser, openSite, shopPage, visit } from './support/browser.mjs';
import { openParlor } from './support/parlor.mjs';
import { png } from './support/pictures.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const HOSTILE = '<img src=x onerror="alert(1)"><b>bold</b>';

let parlor, browser, site, shop, visitor;

before(async () => {
  [parlor, browser, site] = await Promise.all([openParlor(), openBrowser(), openSite()]);
  await parlor.silenceAssistant();
  shop = site.page('/', shopPage(parlor, (await parlor.channel()).channelToken));
});
afterEach(async () => {
  const complaints = visitor?.complaints ?? [];
  await visitor?.close();
  visitor = undefined;
  assert.deepEqual(complaints, []);
});
after(async () => {
  await browser?.close();
  site?.close();
  await parlor?.close();
});

async function arrive(options) {
  visitor = await visit(browser, shop, options);
  await visitor.open();
  await visitor.write('Hello');
  await visitor.sent('Hello');
  return visitor.sessionId();
}

const choose = (...files) => visitor.panel.locator('#picker').setInputFiles(files);

async function messagesOf(sessionId) {
  const { id } = await parlor.conversationOf(sessionId);
  return parlor.org(`/api/conversations/${id}/messages`);
}

/** Waits for a message that the staff see. */
async function arrives(sessionId, fits) {
  for (let i = 0; i < 100; i++) {
    const found = (await messagesOf(sessionId)).find(fits);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it has not arrived: ${JSON.stringify(await messagesOf(sessionId))}`);
}

test('a visitor sends a picture as the very first message; the staff get it, and it is still there after a reload', async () => {
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.online();
  const bytes = png(900, 600);
  await choose({ name: 'fern.png', mimeType: 'image/png', buffer: bytes });
  const picture = visitor.panel.locator('.me .picture img');
  await picture.waitFor();
  const sent = await arrives(await visitor.sessionId(), ({ content_type: type }) => type === 'image');
  assert.deepEqual([sent.rich_media.width, sent.rich_media.height], [900, 600]);
  const fetched = Buffer.from(await (await fetch(sent.rich_media.url)).arrayBuffer());
  assert.ok(fetched.equals(bytes));
  await visitor.page.reload();
  await visitor.open();
  await picture.waitFor();
  assert.equal(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth)), 320);
  assert.equal(await picture.count(), 1);
});

test('a file is dropped or pasted in, and what is refused says why', async () => {
  const sessionId = await arrive();
  const give = (type, name, text) =>
    visitor.panel.locator('#text').evaluate(
      (element, [type, name, text]) => {
        const data = new DataTransfer();
        data.items.add(new File([text], name));
        const init = { bubbles: true, cancelable: true };
        element.dispatchEvent(type === 'paste' ? new ClipboardEvent(type, { ...init, clipboardData: data }) : new DragEvent(type, { ...init, dataTransfer: data }));
      },
      [type, name, text],
    );
  await give('drop', 'order.txt', 'two ferns');
  await give('paste', 'prices.csv', 'fern,12\n');
  for (const name of ['order.txt', 'prices.csv']) {
    await visitor.panel.locator('.me .file', { hasText: name }).waitFor();
    await arrives(sessionId, ({ rich_media: media }) => media?.filename === name);
  }
  await give('drop', 'page.html', '<!doctype html><script>alert(1)</script>');
  const refused = visitor.panel.locator('article.failed', { hasText: 'page.html' });
  await refused.getByText('Files of this type cannot be sent.').waitFor();
  await refused.getByRole('button', { name: 'Discard' }).click();
  await refused.waitFor({ state: 'detached' });
  await choose({ name: 'long.txt', mimeType: 'text/plain', buffer: Buffer.alloc((10 << 20) + 1, 'a') });
  await visitor.panel.getByText('Files may have at most 10 MB.').waitFor();
});

test('a file that broke off on its way is sent by another try', async () => {
  const sessionId = await arrive();
  await visitor.context.route('**/chat-widget/uploads', (route) => route.abort(), { times: 1 });
  await choose({ name: 'again.txt', mimeType: 'text/plain', buffer: Buffer.from('words') });
  const failed = visitor.panel.locator('article.failed', { hasText: 'again.txt' });
  await failed.getByRole('button', { name: 'Try again' }).click();
  await arrives(sessionId, ({ rich_media: media }) => media?.filename === 'again.txt');
  assert.equal(await failed.count(), 0);
});

test('pressing a button sends its value, shows its label, and ends the choice', async () => {
  const sessionId = await arrive();
  const buttons = [{ label: 'Yes, please', value: 'yes' }, { label: 'No', value: 'no' }];
  await parlor.say(sessionId, 'quick_button', 'Shall we send it?', { buttons });
  await visitor.panel.getByRole('button', { name: 'Yes, please' }).click();
  await arrives(sessionId, ({ sender_type: by, content }) => by === 'end_user' && content === 'yes');
  await visitor.panel.locator('.me', { hasText: 'Yes, please' }).waitFor();
  const chosen = visitor.panel.getByRole('button', { name: 'Yes, please', pressed: true });
  for (let i = 0; i < 2; i++) {
    await chosen.waitFor();
    assert.ok(await chosen.isDisabled());
    assert.ok(await visitor.panel.getByRole('button', { name: 'No', exact: true }).isDisabled());
    await visitor.page.reload();
    await visitor.open();
  }
});

test('a choice from a list and from cards sends its value, by keyboard, too', async () => {
  const sessionId = await arrive();
  const options = [{ label: 'Asia Pacific', value: 'apac' }, { label: 'Europe', value: 'eu' }];
  await parlor.say(sessionId, 'dropdown', 'Select your region:', { placeholder: '-- pick one --', options });
  const list = visitor.panel.getByRole('combobox', { name: 'Select your region:' });
  await list.selectOption({ label: 'Europe' });
  await visitor.panel.locator('.pick').getByRole('button', { name: 'Send' }).click();
  await arrives(sessionId, ({ sender_type: by, content }) => by === 'end_user' && content === 'eu');
  await visitor.panel.locator('.me', { hasText: 'Europe' }).waitFor();
  assert.ok(await list.isDisabled());

  const { id } = await parlor.upload('fern.png', png(400, 300));
  const cards = ['A', 'B', 'C'].map((name) => ({ title: `Product ${name}`, subtitle: 'Green', image_upload_id: id, buttons: [{ label: `Buy ${name}`, value: `buy_${name}` }] }));
  await parlor.say(sessionId, 'carousel', '', { cards });
  const last = visitor.panel.getByRole('button', { name: 'Buy C' });
  await last.focus();
  await last.press('Enter');
  await arrives(sessionId, ({ content }) => content === 'buy_C');
  const first = visitor.panel.getByRole('button', { name: 'Buy A' });
  await first.click();
  await arrives(sessionId, ({ content }) => content === 'buy_A');
});

test('whatever stands in a rich message is text, and nothing is loaded from elsewhere', async () => {
  const sessionId = await arrive();
  const asked = [];
  visitor.page.on('request', (request) => asked.push(new URL(request.url()).origin));
  const button = { label: HOSTILE, value: HOSTILE };
  await parlor.say(sessionId, 'quick_button', HOSTILE, { buttons: [button] });
  await parlor.say(sessionId, 'dropdown', HOSTILE, { placeholder: HOSTILE, options: [button] });
  await parlor.say(sessionId, 'image', HOSTILE, { url: 'https://pictures.example/x.jpg', alt: HOSTILE });
  await parlor.say(sessionId, 'file', HOSTILE, { url: 'https://files.example/x', filename: HOSTILE.replaceAll('/', ''), size: 5, mime_type: 'text/html' });
  await parlor.say(sessionId, 'carousel', HOSTILE, { cards: [{ title: HOSTILE, subtitle: HOSTILE, image_url: 'https://pictures.example/y.jpg', buttons: [button] }] });
  await parlor.reply(sessionId, 'the last');
  await visitor.bubble('the last').waitFor();
  await visitor.panel.locator('.cards').waitFor();
  assert.equal(await visitor.panel.locator('.bubble b:text-is("bold"), .bubble img').count(), 0);
  assert.equal(await visitor.panel.getByText('<b>bold</b>').count() >= 8, true);
  const links = await visitor.panel.locator('.bubble a').evaluateAll((all) => all.map(({ href, target, rel }) => [new URL(href).host, target, rel]));
  for (const [host, target, rel] of links) {
    assert.match(host, /\.example$/);
    assert.deepEqual([target, rel], ['_blank', 'noopener noreferrer nofollow ugc']);
  }
  assert.deepEqual([...new Set(asked)].filter((origin) => origin !== parlor.url && origin !== site.url), []);
});

test('the staff see that a visitor has read, and the visitor that the staff have', async () => {
  const sessionId = await arrive();
  await parlor.reply(sessionId, 'Have you seen this?');
  await visitor.bubble('Have you seen this?').waitFor();
  await arrives(sessionId, ({ content, read_by: readers }) => content === 'Have you seen this?' && readers[sessionId]);
  const mine = (await messagesOf(sessionId)).find(({ content }) => content === 'Hello');
  const { id } = await parlor.conversationOf(sessionId);
  await parlor.org(`/api/conversations/${id}/read`, { message_ids: [mine.id] });
  await visitor.bubble('Hello').getByRole('img', { name: 'Read', exact: true }).waitFor();
});

for (const colorScheme of ['light', 'dark']) {
  test(`rich messages can be used by everybody (${colorScheme})`, async () => {
    const sessionId = await arrive({ colorScheme, bypassCSP: true });
    const buttons = [{ label: 'Yes', value: 'yes' }, { label: 'No', value: 'no' }];
    const { id } = await parlor.upload('fern.png', png(400, 300));
    const { id: file } = await parlor.upload('invoice.txt', 'words');
    await choose({ name: 'leaf.png', mimeType: 'image/png', buffer: png(300, 300) });
    await visitor.panel.locator('.me .picture').waitFor();
    await parlor.say(sessionId, 'image', 'A fern', { upload_id: id, alt: 'A fern in a pot' });
    await parlor.say(sessionId, 'file', '', { upload_id: file });
    await parlor.say(sessionId, 'carousel', 'Our plants', { cards: [{ title: 'Fern', subtitle: 'Green', image_upload_id: id, buttons }] });
    await parlor.say(sessionId, 'quick_button', 'Shall we?', { buttons });
    await parlor.say(sessionId, 'dropdown', 'Which?', { options: buttons });
    await visitor.panel.locator('select').waitFor();
    await visitor.panel.locator('.cards img').waitFor();
    const frame = visitor.page.frames().find((frame) => frame.url().includes('/widget/panel'));
    await frame.evaluate(axe);
    const { violations } = await frame.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
  });
}
