// The team at their inbox, and the visitors who write to it without a browser.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { io } from 'socket.io-client';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
export const DESK = { viewport: { width: 1440, height: 900 } };

/** Somebody of the team, in a browser of their own. */
export class Agent {
  static async at(browser, parlor, { email = parlor.email, password = parlor.password, path = '/inbox', ...options } = {}) {
    const context = await browser.newContext({ ...DESK, ...options });
    const agent = new Agent(context, await context.newPage(), parlor);
    await agent.page.goto(parlor.url + path);
    await agent.page.getByLabel('E-mail address').fill(email);
    await agent.page.getByLabel('Password').fill(password);
    await agent.page.getByRole('button', { name: 'Sign in' }).click();
    await agent.page.waitForURL((url) => url.pathname.startsWith('/inbox'));
    await agent.ready();
    return agent;
  }

  constructor(context, page, parlor) {
    this.context = context;
    this.parlor = parlor;
    this.complaints = [];
    this.#watch(page);
  }

  #watch(page) {
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) this.complaints.push(message.text());
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== this.parlor.url) this.complaints.push(`foreign request: ${url}`);
    });
    this.list = page.locator('section.list');
    this.rows = this.list.locator('a.row');
    this.thread = page.locator('section.thread');
    this.log = page.getByRole('log');
    this.text = page.locator('.composer textarea');
    this.panel = page.getByRole('complementary');
  }

  /** Another tab of the same person. */
  async tab(path = '/inbox') {
    const other = new Agent(this.context, await this.context.newPage(), this.parlor);
    await other.page.goto(this.parlor.url + path);
    await other.ready();
    return other;
  }

  /** Loaded, and told of whatever happens. */
  async ready() {
    await this.page.locator('.person .dot.online').waitFor({ state: 'attached' });
    await this.page.locator('.rows .skeleton').waitFor({ state: 'detached' });
  }

  row(name) {
    return this.rows.filter({ has: this.page.locator('.row-name', { hasText: name }) });
  }

  async open(name) {
    await this.row(name).click();
    await this.page.getByRole('heading', { name, level: 1 }).waitFor();
  }

  said(text) {
    return this.log.getByRole('listitem').filter({ hasText: text });
  }

  async write(text) {
    await this.text.fill(text);
    await this.text.press('Enter');
  }

  /** What stands in the list, as it is read. */
  async names() {
    return this.rows.locator('.row-name b').allInnerTexts();
  }

  async close() {
    await this.context.close();
  }
}

/** Visitors of a shop who come by an embed token, and write over the guide's socket. */
export async function openVisitors(parlor) {
  const { token } = await parlor.org('/api/embed-tokens/', { name: `visitors ${Math.random()}` });
  const socket = io(parlor.url, { transports: ['websocket'], forceNew: true });
  await new Promise((connected) => socket.on('connect', connected));
  let made = 0;
  const heard = [];
  const waiting = new Set();
  socket.on('message_received', (message) => {
    heard.push(message);
    for (const look of waiting) look();
  });
  return {
    token,
    heard,
    /** Waits until a message has been heard that fits. */
    hears: (fits) =>
      new Promise((found) => {
        const look = () => {
          const all = heard.filter(fits);
          if (!all.length) return;
          waiting.delete(look);
          found(all);
        };
        waiting.add(look);
        look();
      }),
    async comes(name, external_id = `visitor-${Date.now()}-${++made}`) {
      const answer = await fetch(`${parlor.url}/chat-widget/conversations`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ embed_token: token, external_id, customer_name: name }),
      });
      const { conversation_id: id } = await answer.json();
      const emit = (event, said = {}) => socket.timeout(10_000).emitWithAck(event, { conversation_id: id, external_id, ...said });
      return {
        id,
        external_id,
        writes: (content, more = {}) => emit('send_message', { content, sender_type: 'end_user', ...more }),
        joins: () => emit('join_conversation'),
        types: () => emit('user_typing', { sender_type: 'end_user' }),
        reads: (message_ids) => emit('mark_read', { message_ids }),
      };
    },
    close: () => socket.disconnect(),
  };
}

/** A colleague who has accepted an invitation. */
export async function hire(parlor, name, role = 'agent') {
  const email = `${name.toLowerCase().replace(/\W+/g, '.')}.${Math.random().toString(36).slice(2, 8)}@shop.example`;
  const password = 'a password of my own';
  const { link } = await parlor.org('/api/team/invites/', { email, role });
  const answer = await fetch(link.replace(/^https?:\/\/[^/]+/, parlor.url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, password }),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  const cookie = answer.headers.get('set-cookie').split(';')[0];
  const { id, csrf_token } = await answer.json();
  const org = async (path, body, method = body ? 'POST' : 'GET') => {
    const headers = { Cookie: cookie, 'X-CSRFToken': csrf_token, 'Content-Type': 'application/json' };
    const answer = await fetch(parlor.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };
  return { id, name, email, password, org };
}

/** What stands in the way of assistive technology. */
export async function barriers(page) {
  // By the protocol, since the page's own policy takes no scripts.
  await page.evaluate(axe);
  // Halfway through a fade every colour is pale. What never ends, like a spinner, is looked at as it is.
  const still = () => document.getAnimations().every(({ playState, effect }) => playState !== 'running' || effect.getTiming().iterations === Infinity);
  await page.waitForFunction(still);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return violations.map(({ id, nodes }) => [id, nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary.split('\n')[1]}`)]);
}
