// The official Socket.IO client in a real browser: on our own page, where the cookie makes it the agent's, and on a foreign one, where it does not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser, openSite, visit } from './support/browser.mjs';
import { openParlor } from './support/parlor.mjs';

const client = readFileSync(new URL('./node_modules/socket.io-client/dist/socket.io.min.js', import.meta.url), 'utf8');
const WAYS = { polling: ['polling'], websocket: ['websocket'], 'polling, then websocket': ['polling', 'websocket'] };

let parlor, browser, site, agent;

before(async () => {
  [parlor, browser, site] = await Promise.all([openParlor(), openBrowser(), openSite()]);
  await parlor.silenceAssistant();
});
afterEach(() => agent?.close());
after(async () => {
  await browser?.close();
  site?.close();
  await parlor?.close();
});

/** An agent's browser, signed in, whose pages take scripts of the test's. */
async function signedIn() {
  agent = await visit(browser, `${parlor.url}/auth/login`, { bypassCSP: true });
  await agent.page.getByLabel('E-mail address').fill('demo@parlor.example');
  await agent.page.getByLabel('Password').fill(parlor.password);
  await agent.page.getByRole('button', { name: 'Sign in' }).click();
  await agent.page.waitForURL((url) => !url.pathname.endsWith('/login'));
  return agent.page;
}

/** Connects in the page, emits, and gives the acknowledgements. */
async function emits(page, transports, events) {
  await page.addScriptTag({ content: client });
  return page.evaluate(
    async ({ url, transports, events }) => {
      const socket = io(url, { transports, withCredentials: true, forceNew: true, reconnection: false });
      await new Promise((connected, failed) => {
        socket.on('connect', connected);
        socket.on('connect_error', ({ message }) => failed(new Error(message)));
      });
      const heard = new Promise((received) => socket.on('message_received', received));
      const answers = [];
      for (const [event, ...payload] of events) answers.push(await socket.timeout(30_000).emitWithAck(event, ...payload));
      if (events.some(([event]) => event === 'send_message')) answers.push(await heard);
      socket.disconnect();
      return answers;
    },
    { url: parlor.url, transports, events },
  );
}

for (const [way, transports] of Object.entries(WAYS)) {
  test(`on our own page the cookie makes the socket the agent's, by ${way}`, async () => {
    const page = await signedIn();
    const [queue] = await emits(page, transports, [['join_queue']]);
    assert.deepEqual(Object.keys(queue), ['organization_id']);
  });

  test(`on a foreign page the same browser is a visitor like any other, by ${way}`, async () => {
    const page = await signedIn();
    const { channelToken } = await parlor.channel();
    const external_id = `guest-${transports.join('-')}`;
    const opened = await fetch(`${parlor.url}/api/v1/widget/chat/${channelToken}/messages`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ sessionId: external_id, text: 'Hello' }),
    });
    const { conversationId: conversation_id } = await opened.json();
    await page.goto(site.page('/', '<!doctype html><title>Shop</title><h1>Shop</h1>'));
    const who = { conversation_id, external_id };
    const [queue, joined, sent, heard] = await emits(page, transports, [
      ['join_queue'],
      ['join_conversation', who],
      ['send_message', { ...who, content: 'From elsewhere', sender_type: 'end_user' }],
    ]);
    assert.deepEqual(queue, { error: 'Sign in first.' });
    assert.equal(joined.recovered, true);
    assert.equal(sent.message.content, 'From elsewhere');
    assert.deepEqual(heard, sent.message);
  });
}
