// A real Chromium, visitors in it, and the foreign site on which they meet the widget.

import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export function openBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: QUIET });
}

/** A site of somebody else's: other origin, own rules. Its pages are set by the test. */
export async function openSite() {
  const pages = new Map();
  const server = createServer((request, response) => {
    const page = pages.get(request.url);
    if (!page) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...page.headers });
    response.end(page.html);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://localhost:${server.address().port}`;
  return {
    url,
    page: (path, html, headers = {}) => {
      pages.set(path, { html, headers });
      return url + path;
    },
    close: () => server.close(),
  };
}

/** A page of that site with the widget on it. */
export function shopPage(parlor, token, { head = '', body = '', copies = 1 } = {}) {
  const script = `<script src="${parlor.url}/widget.js" data-channel="${token}" async></script>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Shop</title>${head}</head>
<body><main><h1>Shop</h1>${body}</main>${script.repeat(copies)}</body></html>`;
}

/** A visitor: a browser profile of their own, with the eyes and hands that a test needs. */
export async function visit(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const visitor = new Visitor(context, await context.newPage());
  await visitor.page.goto(url);
  return visitor;
}

export class Visitor {
  constructor(context, page) {
    this.context = context;
    this.page = page;
    this.complaints = [];
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    this.launcher = page.locator('parlor-chat > button, parlor-chat button');
    this.panel = page.frameLocator('parlor-chat iframe');
    this.text = this.panel.locator('#text');
    this.state = this.panel.locator('#state');
    this.bubbles = this.panel.locator('.bubble');
  }

  async open() {
    await this.launcher.click();
    await this.text.waitFor();
  }

  async write(text) {
    await this.text.fill(text);
    await this.text.press('Enter');
  }

  bubble(text) {
    return this.panel.locator('article', { has: this.panel.locator('.bubble', { hasText: text }) });
  }

  /** Waits until a message is shown as stored. */
  async sent(text) {
    await this.bubble(text).locator('xpath=self::*[not(contains(@class,"sending")) and not(contains(@class,"waiting")) and not(contains(@class,"failed"))]').waitFor();
  }

  async online() {
    await this.panel.locator('main[data-phase=online]').waitFor();
  }

  /** The texts in the order of the screen, without the greeting. */
  async texts() {
    return (await this.bubbles.locator(':scope > :first-child').allInnerTexts()).slice(1);
  }

  sessionId() {
    return this.page.evaluate(() => {
      const key = Object.keys(localStorage).find((name) => name.startsWith('parlor_sid_'));
      return key && localStorage.getItem(key);
    });
  }

  async close() {
    await this.context.close();
  }
}
