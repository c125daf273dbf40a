// What a bad network, a blocked port or a server that dies may not do: lose, double or reorder a message.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser, openSite, shopPage, visit } from './support/browser.mjs';
import { openParlor } from './support/parlor.mjs';

const HUB = /\/hubs\/widget-chat/;

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

/** What a network lets through, by the way it blocks the rest. */
const NETWORKS = {
  'without WebSockets': { WebSocket: true },
  'without WebSockets and event streams': { WebSocket: true, eventStream: true },
  'without any hub': { WebSocket: true, hub: true },
};

async function block(context, { WebSocket, eventStream, hub }) {
  if (WebSocket) await context.routeWebSocket(HUB, (socket) => socket.close());
  await context.route(HUB, (route) => {
    const streams = route.request().headers().accept?.includes('text/event-stream');
    if (hub || (eventStream && streams)) return route.abort();
    return route.continue();
  });
}

for (const [name, blocked] of Object.entries(NETWORKS)) {
  test(`${name} a visitor writes and is written to all the same`, async () => {
    visitor = await visit(browser, 'about:blank');
    await block(visitor.context, blocked);
    await visitor.page.goto(shop);
    await visitor.open();
    await visitor.write('does this get through?');
    await visitor.sent('does this get through?');
    const sessionId = await visitor.sessionId();
    await parlor.reply(sessionId, 'it does');
    await visitor.bubble('it does').waitFor();
    await visitor.write('good');
    await visitor.sent('good');
    assert.deepEqual(await parlor.textsOf(sessionId), ['does this get through?', 'it does', 'good']);
    assert.deepEqual(await visitor.texts(), ['does this get through?', 'it does', 'good']);
  });
}

test('a server that dies and comes back costs nothing', async () => {
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('before');
  await visitor.sent('before');
  const sessionId = await visitor.sessionId();
  await parlor.kill();
  await visitor.state.getByText('Reconnecting…').waitFor();
  await visitor.write('while it was away');
  await visitor.write('and another');
  await visitor.bubble('while it was away').and(visitor.panel.locator('.waiting')).waitFor();
  await parlor.start();
  await visitor.sent('and another');
  await visitor.online();
  const expected = ['before', 'while it was away', 'and another'];
  assert.deepEqual(await visitor.texts(), expected);
  assert.deepEqual(await parlor.textsOf(sessionId), expected);
});

// Browsers that forbid a framed page its own store are as common as those that do not.
for (const [name, where] of [['a shop elsewhere', () => shop], ['the demo shop', () => parlor.url]]) {
  test(`an unsent message outlives a reload of ${name} and is sent once`, async () => {
    visitor = await visit(browser, where());
    await visitor.open();
    await visitor.write('hello');
    await visitor.sent('hello');
    const sessionId = await visitor.sessionId();
    await parlor.kill();
    await visitor.write('do not lose me');
    await visitor.bubble('do not lose me').and(visitor.panel.locator('.waiting')).waitFor();
    await parlor.start();
    await visitor.page.reload();
    await visitor.open();
    await visitor.sent('do not lose me');
    assert.deepEqual(await parlor.textsOf(sessionId), ['hello', 'do not lose me']);
    await visitor.page.reload();
    await visitor.open();
    await visitor.bubble('do not lose me').waitFor();
    assert.deepEqual(await visitor.texts(), ['hello', 'do not lose me']);
  });
}

test('a message whose acknowledgement is lost is not doubled', async () => {
  let eatAnswers = false;
  visitor = await visit(browser, 'about:blank');
  await visitor.context.routeWebSocket(HUB, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => server.send(message));
    server.onMessage((message) => {
      if (!eatAnswers) return socket.send(message);
      eatAnswers = false;
      socket.close();
      server.close();
    });
  });
  await visitor.page.goto(shop);
  await visitor.open();
  await visitor.write('first');
  await visitor.sent('first');
  eatAnswers = true;
  await visitor.write('once only');
  await visitor.sent('once only');
  await visitor.write('last');
  await visitor.sent('last');
  assert.equal(eatAnswers, false);
  assert.deepEqual(await parlor.textsOf(await visitor.sessionId()), ['first', 'once only', 'last']);
  assert.deepEqual(await visitor.texts(), ['first', 'once only', 'last']);
});

test('what was said while the visitor was offline is there when they are back', async () => {
  visitor = await visit(browser, shop);
  await visitor.open();
  await visitor.write('hello');
  await visitor.sent('hello');
  const sessionId = await visitor.sessionId();
  await visitor.context.setOffline(true);
  await visitor.state.getByText('You are offline').waitFor();
  await parlor.reply(sessionId, 'one');
  await parlor.reply(sessionId, 'two');
  await visitor.write('written offline');
  await visitor.context.setOffline(false);
  await visitor.sent('written offline');
  assert.deepEqual(await visitor.texts(), ['hello', 'one', 'two', 'written offline']);
});

test('who writes too fast is told so in plain words and can try again', async () => {
  const strict = await openParlor({ rateLimits: 'on' });
  try {
    await strict.silenceAssistant();
    visitor = await visit(browser, strict.url);
    await visitor.open();
    for (let i = 0; i < 45; i++) await visitor.write(`message ${i}`);
    const failed = visitor.panel.locator('article.failed').first();
    await failed.waitFor();
    assert.match(await failed.innerText(), /Too many requests\. Try again in \d+ s\./);
    await failed.getByRole('button', { name: 'Discard' }).waitFor();
    assert.equal(await failed.getByRole('button', { name: 'Try again', exact: true }).isEnabled(), true);
  } finally {
    await strict.close();
  }
});
