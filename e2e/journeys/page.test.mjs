// The widget as a guest on pages that are not ours: it harms nothing, nothing harms it, and everyone can use it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser, openSite, shopPage, visit } from './support/browser.mjs';
import { openParlor } from './support/parlor.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const UNKNOWN = '0'.repeat(32);

let parlor, browser, site, token, visitor;

before(async () => {
  [parlor, browser, site] = await Promise.all([openParlor(), openBrowser(), openSite()]);
  await parlor.silenceAssistant();
  token = (await parlor.channel()).channelToken;
});
afterEach(() => visitor?.close());
after(async () => {
  await browser?.close();
  site?.close();
  await parlor?.close();
});

test('a strict page with hostile styles and two copies of the script has one widget that works', async () => {
  const html = shopPage(parlor, token, { copies: 2, head: '<link rel="stylesheet" href="/hostile.css">' });
  const policy = `default-src 'none'; script-src ${parlor.url}; connect-src ${parlor.url}; frame-src ${parlor.url}; style-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'`;
  site.page('/hostile.css', 'body *, button, iframe, parlor-chat { display: none !important; opacity: 0 !important; font-size: 90px !important } html { transform: none }', { 'Content-Type': 'text/css' });
  visitor = await visit(browser, site.page('/strict', html, { 'Content-Security-Policy': policy }));
  await visitor.open();
  assert.equal(await visitor.page.locator('parlor-chat').count(), 1);
  await visitor.write('hello');
  await visitor.sent('hello');
  assert.deepEqual(visitor.complaints, []);
});

test('an unknown channel, and a server that cannot be reached, show nothing and break nothing', async () => {
  const page = shopPage(parlor, UNKNOWN) + shopPage({ url: 'http://127.0.0.1:9' }, token);
  const url = site.page('/unknown', page);
  visitor = await visit(browser, 'about:blank');
  const asked = visitor.page.waitForResponse((answer) => answer.url().includes(UNKNOWN));
  await visitor.page.goto(url, { waitUntil: 'networkidle' });
  assert.equal((await asked).status(), 404);
  assert.equal(await visitor.page.locator('parlor-chat').count(), 0);
  assert.deepEqual(visitor.complaints, []);
});

test('a browser that keeps no storage can chat', async () => {
  const block = `Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } });`;
  visitor = await visit(browser, 'about:blank');
  await visitor.context.addInitScript(block);
  await visitor.page.goto(site.page('/', shopPage(parlor, token)));
  await visitor.open();
  await visitor.write('nothing is kept');
  await visitor.sent('nothing is kept');
  assert.deepEqual(await visitor.texts(), ['nothing is kept']);
});

test('whatever anyone writes stays text', async () => {
  visitor = await visit(browser, site.page('/', shopPage(parlor, token)));
  await visitor.open();
  const hostile = '<img src=x onerror=alert(1)><script>alert(2)</script> javascript:alert(3) https://user@evil.example "><svg onload=alert(4)>';
  await visitor.write(hostile);
  await visitor.sent('alert(4)');
  await parlor.reply(await visitor.sessionId(), `${hostile} see https://ok.example/a?b=1&c=2.`);
  await visitor.bubble('ok.example').waitFor();
  assert.equal(await visitor.panel.locator('#log img, #log script, #log svg').count(), 0);
  const links = visitor.panel.locator('#log a');
  assert.deepEqual(await links.evaluateAll((all) => all.map((link) => [link.href, link.rel, link.target])), [
    ['https://ok.example/a?b=1&c=2', 'noopener noreferrer nofollow ugc', '_blank'],
  ]);
  assert.deepEqual(visitor.complaints, []);
});

test('the widget is used without a mouse', async () => {
  visitor = await visit(browser, site.page('/', shopPage(parlor, token)));
  const { page, launcher, text } = visitor;
  await launcher.waitFor();
  const focus = () => page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.tagName ?? document.activeElement.tagName);
  await page.keyboard.press('Tab');
  assert.equal(await focus(), 'BUTTON');
  assert.equal(await launcher.getAttribute('aria-expanded'), 'false');
  await page.keyboard.press('Enter');
  assert.equal(await launcher.getAttribute('aria-expanded'), 'true');
  await text.and(visitor.panel.locator(':focus')).waitFor();
  await page.keyboard.type('a line');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('another');
  await page.keyboard.press('Enter');
  await visitor.sent('another');
  assert.deepEqual(await visitor.texts(), ['a line\nanother']);
  await page.keyboard.press('Escape');
  await page.locator('parlor-chat iframe').waitFor({ state: 'hidden' });
  assert.equal(await focus(), 'BUTTON');
  assert.equal(await launcher.getAttribute('aria-expanded'), 'false');
});

for (const colorScheme of ['light', 'dark']) {
  test(`nothing stands in the way of assistive technology (${colorScheme})`, async () => {
    visitor = await visit(browser, parlor.url, { colorScheme, bypassCSP: true });
    await visitor.open();
    await visitor.write('hello');
    await visitor.sent('hello');
    await parlor.reply(await visitor.sessionId(), 'see https://ok.example');
    await visitor.bubble('ok.example').waitFor();
    for (const frame of visitor.page.frames()) {
      await frame.evaluate(axe);
      const { violations } = await frame.evaluate(() => window.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target)]), [], frame.url());
    }
  });
}

test('on a phone the panel fills the screen, and the launcher makes room', async () => {
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  visitor = await visit(browser, site.page('/', shopPage(parlor, token)), phone);
  await visitor.open();
  const box = await visitor.page.locator('parlor-chat iframe').boundingBox();
  assert.deepEqual([box.x, box.y, box.width, box.height].map(Math.round), [0, 0, 390, 844]);
  assert.equal(await visitor.launcher.isVisible(), false);
  assert.equal(await visitor.panel.locator('html').evaluate((html) => html.scrollWidth <= html.clientWidth), true);
  for (const button of await visitor.panel.getByRole('button').all()) {
    const { width, height } = await button.boundingBox();
    assert.ok(width >= 44 && height >= 44, `${width} by ${height}`);
  }
  await visitor.panel.getByRole('button', { name: 'Close chat' }).click();
  await visitor.launcher.waitFor();
});

test('an Arabic browser reads from right to left', async () => {
  visitor = await visit(browser, site.page('/', shopPage(parlor, token)), { locale: 'ar-EG' });
  await visitor.open();
  const html = visitor.panel.locator('html');
  assert.deepEqual([await html.getAttribute('dir'), await html.getAttribute('lang')], ['rtl', 'ar-EG']);
  await visitor.panel.getByPlaceholder('اكتب رسالة').waitFor();
  await visitor.write('hello');
  await visitor.sent('hello');
  const [panel, mine] = [await html.boundingBox(), await visitor.bubble('hello').locator('.bubble').boundingBox()];
  assert.ok(mine.x - panel.x < panel.width / 2, 'one’s own words stand at the end of the line');
});

test('only the page that made the panel can talk to it, and only the panel to the page', async () => {
  const url = site.page('/', shopPage(parlor, token));
  visitor = await visit(browser, url);
  await visitor.open();
  await visitor.write('mine');
  await visitor.sent('mine');
  await visitor.page.evaluate((origin) => {
    const forged = { parlor: 1, type: 'close' };
    window.postMessage(forged, '*');
    window.postMessage({ parlor: 1, type: 'unread', count: 7 }, '*');
    window.dispatchEvent(new MessageEvent('message', { data: forged, origin }));
    const stranger = document.body.appendChild(document.createElement('iframe'));
    stranger.contentWindow.eval(`parent.postMessage({ parlor: 1, type: 'close' }, '*')`);
  }, parlor.url);
  await visitor.write('still open');
  await visitor.sent('still open');
  assert.equal(await visitor.launcher.getAttribute('aria-expanded'), 'true');
  assert.equal(await visitor.launcher.locator('span').innerText(), '');

  // Opened by itself, or before it is told who the visitor is, the panel asks for nothing and shows nothing.
  const alone = await visitor.context.newPage();
  const asked = [];
  alone.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await alone.goto(`${parlor.url}/widget/panel?channel=${token}`, { waitUntil: 'networkidle' });
  assert.equal(await alone.locator('main').isVisible(), false);
  assert.deepEqual(asked.filter((path) => !path.startsWith('/widget/')), []);
});
