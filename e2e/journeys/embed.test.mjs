// The chat by an embed token, as a guest on pages of another origin: allowed and not, alone, spoken to and identified.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser, openSite, visit } from './support/browser.mjs';
import { openParlor } from './support/parlor.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let parlor, browser, site, elsewhere, token, limited, visitor;

before(async () => {
  [parlor, browser, site, elsewhere] = await Promise.all([openParlor(), openBrowser(), openSite(), openSite()]);
  await parlor.silenceAssistant();
  ({ token } = await parlor.org('/api/embed-tokens/', { name: 'Everywhere' }));
  ({ token: limited } = await parlor.org('/api/embed-tokens/', { name: 'Here', allowed_origins: [site.url] }));
});
afterEach(() => visitor?.close());
after(async () => {
  await browser?.close();
  site?.close();
  elsewhere?.close();
  await parlor?.close();
});

const snippet = (of) => `<script src="${parlor.url}/chat-widget/embed.js" data-embed-token="${of}"></script>`;
const host = (body) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Shop</title></head><body><main><h1>Shop</h1></main>${body}</body></html>`;
const sid = (of = token) => visitor.page.evaluate((key) => localStorage.getItem(key), `cw_sid_${of}`);

test('the snippet of the guide puts a chat into a foreign page, and it lasts', async () => {
  visitor = await visit(browser, site.page('/', host(snippet(limited))));
  const frame = visitor.page.locator('parlor-chat iframe');
  await frame.waitFor({ state: 'attached' });
  const id = await sid(limited);
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(await frame.getAttribute('src'), `${parlor.url}/chat-widget?embed_token=${limited}&session_id=${id}`);
  await visitor.open();
  const { x, y, width, height } = await frame.boundingBox();
  assert.deepEqual([width, height].map(Math.round), [380, 560]);
  assert.ok(x + width <= 1280 && x + width >= 1240 && y + height <= 800 && y >= 100, `${x} ${y}`);
  assert.equal(await frame.evaluate((element) => getComputedStyle(element).position), 'fixed');
  assert.equal(await visitor.panel.locator('#name').innerText(), 'Chat with us');
  await visitor.write('by the embed');
  await visitor.sent('by the embed');
  await parlor.reply(id, 'and back');
  await visitor.bubble('and back').waitFor();
  await visitor.page.reload();
  await visitor.open();
  await visitor.bubble('and back').waitFor();
  assert.deepEqual(await visitor.texts(), ['by the embed', 'and back']);
  assert.equal(await sid(limited), id);
  assert.deepEqual(visitor.complaints, []);
});

test('a page that is not allowed gets no chat, by the loader or by a frame of its own', async () => {
  visitor = await visit(browser, 'about:blank');
  const asked = visitor.page.waitForResponse((answer) => answer.url().includes('/config'));
  const own = `<iframe src="${parlor.url}/chat-widget?embed_token=${limited}&session_id=x"></iframe>`;
  const hidden = own.replace('<iframe', '<iframe referrerpolicy="no-referrer"');
  const framed = visitor.page.waitForResponse((answer) => answer.url().includes('session_id=x'));
  await visitor.page.goto(elsewhere.page('/', host(own + hidden + snippet(limited))), { waitUntil: 'networkidle' });
  assert.equal((await asked).status(), 403);
  assert.equal((await framed).status(), 403);
  assert.equal(await visitor.page.locator('parlor-chat').count(), 0);
  // The one that does not say where it is was answered, and the browser has not shown it.
  for (const frame of visitor.page.frames().slice(1)) {
    assert.equal(await frame.locator('#text').count(), 0, frame.url());
  }
  await visitor.page.goto(site.page('/hidden', host(hidden)));
  await visitor.page.frameLocator('iframe').locator('#text').waitFor();
});

test('the page opens, closes and listens by window.Parlor, also before it is there', async () => {
  const early = `<script>
    window.heard = [];
    window.Parlor = window.Parlor || { q: [] };
    ['open', 'close', 'identify', 'on'].forEach(function (name) {
      Parlor[name] = Parlor[name] || function () { Parlor.q.push([name].concat([].slice.call(arguments))); };
    });
    ['ready', 'open', 'close', 'unread', 'message'].forEach((event) => Parlor.on(event, (detail) => heard.push([event, detail])));
    Parlor.open();
  </script>`;
  visitor = await visit(browser, site.page('/api', host(early + snippet(token))));
  const heard = (name) => visitor.page.evaluate((name) => heard.filter(([event]) => event === name).map(([, detail]) => detail), name);
  const until = (name, count) => visitor.page.waitForFunction(([name, count]) => heard.filter(([event]) => event === name).length >= count, [name, count]);
  await visitor.text.waitFor();
  await visitor.online();
  assert.deepEqual(await heard('open'), [undefined]);
  assert.deepEqual(await heard('ready'), [undefined]);
  await visitor.write('hello');
  await visitor.sent('hello');
  await visitor.page.evaluate(() => Parlor.close());
  await visitor.page.locator('parlor-chat iframe').waitFor({ state: 'hidden' });
  await parlor.reply(await sid(), '<b>are you there?</b>');
  await until('unread', 1);
  await until('message', 2);
  assert.deepEqual((await heard('message')).map(({ sender, text }) => [sender, text]), [['visitor', 'hello'], ['agent', '<b>are you there?</b>']]);
  assert.deepEqual(await heard('unread'), [1]);
  const ended = await visitor.page.evaluate(() => {
    const end = Parlor.on('open', () => heard.push(['never']));
    end();
    Parlor.open();
    return typeof end;
  });
  assert.equal(ended, 'function');
  await until('open', 2);
  await until('unread', 2);
  assert.deepEqual(await heard('unread'), [1, 0]);
  await visitor.panel.locator('#close').click();
  await until('close', 2);
  assert.deepEqual(await heard('never'), []);
  assert.deepEqual(visitor.complaints, []);
});

test('a visitor who is identified has a conversation of their own', async () => {
  const { secret } = await parlor.org('/api/channels/website/identity/rotate', undefined, 'POST');
  const user = `user_${Date.now()}`;
  const identity_hash = createHmac('sha256', secret).update(user).digest('hex');
  visitor = await visit(browser, site.page('/identify', host(snippet(token))));
  await visitor.open();
  await visitor.write('as nobody');
  await visitor.sent('as nobody');
  const who = { session_id: user, identity_hash, name: 'Alice' };
  await visitor.page.evaluate((who) => Parlor.identify(who), who);
  await visitor.bubble('as nobody').waitFor({ state: 'detached' });
  await visitor.online();
  await visitor.write('as Alice');
  await visitor.sent('as Alice');
  assert.equal((await parlor.conversationOf(user)).contactDisplayName, 'Alice');
  // A forged proof opens nothing, and the page hears of it.
  await visitor.page.evaluate((who) => {
    window.heard = [];
    Parlor.on('unverified', () => heard.push('unverified'));
    Parlor.identify({ ...who, identity_hash: '00' });
  }, who);
  await visitor.page.waitForFunction(() => heard.length);
  await visitor.bubble('as Alice').waitFor({ state: 'detached' });
  // Signed out: the anonymous conversation again. Signed in elsewhere: Alice's.
  await visitor.page.evaluate(() => Parlor.identify());
  await visitor.bubble('as nobody').waitFor();
  assert.deepEqual(await visitor.texts(), ['as nobody']);
  await visitor.close();
  const early = `<script>window.Parlor = { q: [['identify', ${JSON.stringify(who)}]] };</script>`;
  visitor = await visit(browser, site.page('/identified', host(early + snippet(token))));
  await visitor.open();
  await visitor.bubble('as Alice').waitFor();
  assert.deepEqual(await visitor.texts(), ['as Alice']);
  await visitor.close();
  // Whoever only knows the id gets nothing.
  visitor = await visit(browser, `${parlor.url}/chat-widget?embed_token=${token}&session_id=${user}`);
  await visitor.page.locator('main[data-phase=unavailable]').waitFor();
  assert.equal(await visitor.page.locator('article', { hasText: 'as Alice' }).count(), 0);
});

test('a page that builds the frame itself names the title and the customer', async () => {
  const hostile = '<img src=x onerror=alert(1)>';
  const address = `${parlor.url}/chat-widget?embed_token=${token}&session_id=${encodeURIComponent('user/42 ü')}&customer_name=${encodeURIComponent(`Bob ${hostile}`)}&title=${encodeURIComponent(hostile)}`;
  visitor = await visit(browser, site.page('/manual', host(`<iframe src="${address}" style="position:fixed;bottom:0;right:0;width:380px;height:560px;border:0"></iframe>`)));
  const panel = visitor.page.frameLocator('iframe');
  await panel.locator('#text').fill('from the frame');
  await panel.locator('#text').press('Enter');
  await panel.locator('article', { hasText: 'from the frame' }).waitFor();
  assert.equal(await panel.locator('#name').innerText(), hostile);
  assert.equal(await panel.locator('img').count(), 0);
  assert.equal(await panel.locator('#close').isVisible(), false, 'there is nobody to close it');
  for (let tries = 0; !(await parlor.conversationOf('user/42 ü')) && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await parlor.conversationOf('user/42 ü')).contactDisplayName, `Bob ${hostile}`);
  assert.deepEqual(visitor.complaints, []);
});

test('a page that builds the frame itself talks to it by postMessage', async () => {
  const page = host(`<iframe src="${parlor.url}/chat-widget?embed_token=${token}&session_id=talking" style="width:380px;height:560px"></iframe>
    <iframe id="foreign" src="${elsewhere.page('/foreign', '<script>onmessage = (event) => parent.frames[0].postMessage(event.data, "*")</script>')}"></iframe>
    <script>
      window.heard = [];
      const chat = document.querySelector('iframe');
      window.say = (message) => chat.contentWindow.postMessage({ parlor: 1, ...message }, ${JSON.stringify(parlor.url)});
      addEventListener('message', ({ origin, source, data }) => {
        if (origin !== ${JSON.stringify(parlor.url)} || source !== chat.contentWindow || data.parlor !== 1) return;
        heard.push(data);
        if (data.type === 'ready') say({ type: 'init', open: false });
      });
    </script>`);
  visitor = await visit(browser, site.page('/talk', page));
  const panel = visitor.page.frameLocator('iframe >> nth=0');
  await visitor.page.waitForFunction(() => heard.some(({ type }) => type === 'ready'));
  await visitor.page.evaluate(() => say({ type: 'open' }));
  await visitor.page.waitForFunction(() => heard.some(({ type }) => type === 'open'));
  await panel.locator('#text').fill('hello frame');
  await panel.locator('#text').press('Enter');
  await visitor.page.waitForFunction(() => heard.some(({ type, message }) => type === 'message' && message.text === 'hello frame'));
  await panel.locator('#close').click();
  await visitor.page.waitForFunction(() => heard.some(({ type }) => type === 'close'));
  // A frame of another origin is not the page, whatever it says.
  await visitor.page.evaluate(() => document.getElementById('foreign').contentWindow.postMessage({ parlor: 1, type: 'identify', session_id: 'stolen' }, '*'));
  await visitor.page.evaluate(() => say({ type: 'open' }));
  await visitor.page.waitForFunction(() => heard.filter(({ type }) => type === 'open').length === 2);
  assert.equal(await panel.locator('article', { hasText: 'hello frame' }).count(), 1);
  await visitor.page.evaluate(() => say({ type: 'identify', session_id: 'another' }));
  await panel.locator('article', { hasText: 'hello frame' }).waitFor({ state: 'detached' });
  assert.deepEqual(visitor.complaints, []);
});

test('in a web view the page stands alone', async () => {
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  const asked = [];
  visitor = await visit(browser, 'about:blank', phone);
  visitor.page.on('request', (request) => asked.push(request.headers().referer ?? ''));
  await visitor.page.goto(`${parlor.url}/chat-widget?embed_token=${limited}&session_id=mobile-user-12345&customer_name=Alice+Smith&title=Support+Chat`);
  const { page } = visitor;
  await page.locator('#text').fill('from the app');
  await page.locator('#text').press('Enter');
  await page.locator('article', { hasText: 'from the app' }).waitFor();
  assert.equal(await page.locator('#name').innerText(), 'Support Chat');
  assert.equal(await page.locator('html').evaluate((html) => html.scrollWidth <= html.clientWidth && html.clientWidth === 390), true);
  assert.ok(asked.every((referer) => !referer.includes('mobile-user')), `the address went out: ${asked}`);
  // Without an id the page makes one, and keeps it.
  await page.goto(`${parlor.url}/chat-widget?embed_token=${limited}`);
  await page.locator('#text').fill('by nobody');
  await page.locator('#text').press('Enter');
  await page.locator('article', { hasText: 'by nobody' }).waitFor();
  await page.reload();
  await page.locator('article', { hasText: 'by nobody' }).waitFor();
  assert.equal(await page.locator('article', { hasText: 'from the app' }).count(), 0);
});

test('on a phone the panel fills the screen', async () => {
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  visitor = await visit(browser, site.page('/phone', host(snippet(token))), phone);
  await visitor.open();
  const box = await visitor.page.locator('parlor-chat iframe').boundingBox();
  assert.deepEqual([box.x, box.y, box.width, box.height].map(Math.round), [0, 0, 390, 844]);
  if (process.env.SCREENSHOTS) await visitor.page.screenshot({ path: `${process.env.SCREENSHOTS}/phone.png` });
});

test('a revoked token opens nothing more', async () => {
  const { id, token } = await parlor.org('/api/embed-tokens/', { name: 'Soon gone' });
  visitor = await visit(browser, site.page('/revoked', host(snippet(token))));
  await visitor.open();
  await visitor.online();
  await parlor.org(`/api/embed-tokens/${id}`, undefined, 'DELETE');
  await visitor.write('too late');
  await visitor.bubble('too late').locator('xpath=self::*[contains(@class,"failed")]').waitFor();
  await visitor.page.reload({ waitUntil: 'networkidle' });
  assert.equal(await visitor.page.locator('parlor-chat').count(), 0);
});

for (const colorScheme of ['light', 'dark']) {
  test(`nothing stands in the way of assistive technology (${colorScheme})`, async () => {
    visitor = await visit(browser, site.page('/axe', host(snippet(token))), { colorScheme, bypassCSP: true });
    await visitor.open();
    await visitor.write('hello');
    await visitor.sent('hello');
    await parlor.reply(await sid(), 'see https://ok.example');
    await visitor.bubble('ok.example').waitFor();
    if (process.env.SCREENSHOTS) await visitor.page.screenshot({ path: `${process.env.SCREENSHOTS}/${colorScheme}.png` });
    for (const frame of visitor.page.frames()) {
      await frame.evaluate(axe);
      const { violations } = await frame.evaluate(() => window.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target)]), [], frame.url());
    }
  });
}
