// A Parlor of its own for a test: the real program on an empty folder, and its staff.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = new URL('../../../', import.meta.url).pathname;

/** `PARLOR_BIN`, or what was built last. */
function program() {
  const candidates = [process.env.PARLOR_BIN, `${ROOT}target/release/parlor`, `${ROOT}target/debug/parlor`];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('build Parlor first (cargo build), or name the program in PARLOR_BIN');
  return found;
}

/** Starts Parlor with its demo shop, on a free port. */
export async function openParlor({ rateLimits = 'off' } = {}) {
  const data = mkdtempSync(join(tmpdir(), 'parlor-journey-'));
  const parlor = new Parlor(data, rateLimits);
  await parlor.start();
  return parlor;
}

class Parlor {
  /** The demo account's owner. */
  email = 'demo@parlor.example';
  password;
  #data;
  #rateLimits;
  #child;
  #token;
  #browser;

  constructor(data, rateLimits) {
    this.#data = data;
    this.#rateLimits = rateLimits;
  }

  /** Starts, or starts again under the same address. */
  async start() {
    const listen = this.url ? new URL(this.url).host : '127.0.0.1:0';
    const args = ['serve', '--listen', listen, '--data', this.#data, '--rate-limits', this.#rateLimits];
    const child = spawn(program(), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let out = '';
    await new Promise((resolve, reject) => {
      const read = (piece) => {
        out += piece;
        if (/Data +\S/.test(out)) resolve();
      };
      child.stdout.setEncoding('utf8').on('data', read);
      child.stderr.setEncoding('utf8').on('data', read);
      child.on('exit', (code) => reject(new Error(`Parlor ended with ${code}:\n${out}`)));
    });
    this.url = /Listening +(\S+)/.exec(out)[1];
    this.password ??= /Password +(\S+)/.exec(out)[1];
  }

  /** Ends as from a failure of power: nothing is said to anyone. */
  async kill() {
    const child = this.#child;
    child.removeAllListeners('exit');
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** Adds made-up conversations while it does not run. */
  async fill(conversations, messages) {
    await this.kill();
    execFileSync(program(), ['demo', '--data', this.#data, '--conversations', conversations, '--messages', messages], { stdio: 'ignore' });
    await this.start();
  }

  /** A further account, as an operator makes one beside the running server. */
  account(name) {
    const email = `${name.toLowerCase().replace(/\W+/g, '.')}@example.com`;
    const password = 'a password of my own';
    const args = ['account', 'create', '--data', this.#data, '--name', name, '--email', email, '--password', password, '--json'];
    return { email, password, ...JSON.parse(execFileSync(program(), args, { encoding: 'utf8' })) };
  }

  async close() {
    await this.kill();
    rmSync(this.#data, { recursive: true });
  }

  async #ask(path, init = {}, token) {
    const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(this.url + path, { ...init, headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }

  /** A call of the store API by the demo account's owner. */
  async staff(path, body, method = body ? 'POST' : 'GET') {
    this.#token ??= (
      await this.#ask('/api/v1/auth/login', {
        method: 'POST',
        body: JSON.stringify({ email: this.email, password: this.password }),
      })
    ).accessToken;
    const init = body ? { method, body: JSON.stringify(body) } : { method };
    return this.#ask(`/api/v1/store/social/${path}`, init, this.#token);
  }

  /** A call of the org API in a browser of the demo account's owner. `body` is JSON or a form. */
  async org(path, body, method = body ? 'POST' : 'GET') {
    this.#browser ??= await this.#signIn();
    const { cookie, csrf } = this.#browser;
    const form = body instanceof FormData;
    const headers = { Cookie: cookie, 'X-CSRFToken': csrf, ...(!form && { 'Content-Type': 'application/json' }) };
    const answer = await fetch(this.url + path, { method, headers, ...(body && { body: form ? body : JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }

  async #signIn() {
    const body = JSON.stringify({ email: 'demo@parlor.example', password: this.password });
    const answer = await fetch(`${this.url}/auth/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    if (!answer.ok) throw new Error(`/auth/login: ${answer.status} ${await answer.text()}`);
    return { cookie: answer.headers.get('set-cookie').split(';')[0], csrf: (await answer.json()).csrf_token };
  }

  /** Sends up a file of the staff's. */
  async upload(name, bytes) {
    const form = new FormData();
    form.append('file', new Blob([bytes]), name);
    return this.org('/api/uploads/', form);
  }

  /** A rich message of the staff's. */
  async say(sessionId, contentType, content, richMedia) {
    const { id } = await this.conversationOf(sessionId);
    return this.org(`/api/conversations/${id}/messages`, { content_type: contentType, content, rich_media: richMedia });
  }

  async channel() {
    const channels = await this.staff('channels');
    return (channels.items ?? channels).find((channel) => channel.channelToken);
  }

  /** The conversation of a visitor, by the secret that the browser holds. */
  async conversationOf(sessionId) {
    const { items } = await this.staff(`conversations?search=${sessionId}`);
    return items.find((conversation) => conversation.externalContactId === sessionId);
  }

  /** What the staff see of a visitor's messages, oldest first. */
  async textsOf(sessionId) {
    const conversation = await this.conversationOf(sessionId);
    if (!conversation) return [];
    const { messages } = await this.staff(`conversations/${conversation.id}`);
    // Staff read an answer's sources in its text; the panel shows them apart.
    return messages.map(({ contentText, sources }) => (sources.length ? contentText.replace(/\n\nSource: .*$/, '') : contentText));
  }

  async reply(sessionId, text) {
    const { id } = await this.conversationOf(sessionId);
    return this.staff(`conversations/${id}/messages`, { text });
  }

  async resolve(sessionId) {
    const { id } = await this.conversationOf(sessionId);
    return this.staff(`conversations/${id}/resolve`, undefined, 'POST');
  }

  /** The owner has been led through the shop already, so that the inbox opens at its list. */
  welcomed() {
    return this.org('/api/account', { welcome: 'done' }, 'PATCH');
  }

  /** Keeps the assistant out of a test that is about people. */
  async silenceAssistant() {
    const { id, isAgentEnabled } = await this.channel();
    if (isAgentEnabled) await this.staff(`channels/${id}/toggle-agent`, { isAgentEnabled: false });
  }
}
