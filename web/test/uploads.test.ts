import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Disconnected, Refused } from '../shared/errors.ts';
import english from '../shared/i18n/en.ts';
import type { Uploaded } from '../shared/wire.ts';
import { openUploads, type Pending } from '../widget/uploads.ts';

/** The browser's request, as far as uploads need it. */
class Request {
  static made: Request[] = [];
  upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  onerror = () => {};
  onload = () => {};
  status = 0;
  responseText = '';
  aborted = false;
  form: FormData | undefined;

  constructor() {
    Request.made.push(this);
  }

  open() {}

  send(form: FormData) {
    this.form = form;
  }

  abort() {
    this.aborted = true;
  }

  answer(status: number, body: unknown) {
    this.status = status;
    this.responseText = typeof body === 'string' ? body : JSON.stringify(body);
    this.onload();
  }
}

const original = globalThis.XMLHttpRequest;
beforeEach(() => {
  Request.made = [];
  globalThis.XMLHttpRequest = Request as unknown as typeof XMLHttpRequest;
});
afterEach(() => {
  globalThis.XMLHttpRequest = original;
});

function open(largest = 100) {
  const arrived: [Pending, Uploaded][] = [];
  let ids = 0;
  const uploads = openUploads({
    url: 'http://parlor/chat-widget/uploads',
    fields: { channel_token: 't', external_id: 's' },
    largest: () => largest,
    newId: () => `${++ids}`,
    changed: () => {},
    arrived: (pending, uploaded) => arrived.push([pending, uploaded]),
  });
  return { uploads, arrived };
}

/** What a file's line shows, as tag, text and what a press does. */
function shown(uploads: ReturnType<typeof openUploads>, pending: Pending) {
  const make = (tag: string, props: any, ...children: unknown[]) => ({ tag, text: children.join(''), press: props.onclick });
  return uploads.meta(pending, make as any, english, () => 'Not sent.') as unknown as { tag: string; text: string; press(): void }[];
}

const file = (name: string, size = 5) => new File(['x'.repeat(size)], name);

test('a file goes up after who sends it, and is gone from the list when it has arrived', () => {
  const { uploads, arrived } = open();
  uploads.add([file('a.txt')]);
  const [request] = Request.made;
  assert.deepEqual([...request!.form!.keys()], ['channel_token', 'external_id', 'file']);
  request!.upload.onprogress!({ loaded: 1, total: 4 });
  assert.equal(uploads.all()[0]!.part, 0.25);
  request!.answer(201, { id: 'u' });
  assert.deepEqual(arrived.map(([{ id }, uploaded]) => [id, uploaded.id]), [['1', 'u']]);
  assert.deepEqual(uploads.all(), []);
});

test('what was refused says why, and can be tried again', () => {
  const { uploads, arrived } = open();
  uploads.add([file('a.txt'), file('b.txt'), file('c.txt')]);
  Request.made[0]!.answer(415, { error: 'Files of this type are not taken.' });
  Request.made[1]!.answer(502, '<h1>Bad gateway</h1>');
  Request.made[2]!.onerror();
  const errors = uploads.all().map(({ error }) => error);
  assert.equal((errors[0] as Refused).detail, 'Files of this type are not taken.');
  assert.ok(errors[1] instanceof Refused && errors[2] instanceof Disconnected);
  const lines = uploads.all().map((pending) => shown(uploads, pending).map(({ text }) => text));
  assert.deepEqual(lines, [
    ['Files of this type cannot be sent.', 'Discard'],
    ['Not sent.', 'Try again', 'Discard'],
    ['Not sent.', 'Try again', 'Discard'],
  ]);
  shown(uploads, uploads.all()[2]!)[1]!.press();
  assert.equal(uploads.all()[2]!.error, undefined);
  Request.made[3]!.answer(201, { id: 'u' });
  assert.equal(arrived.length, 1);
});

test('a file that is too large is not even begun', () => {
  const { uploads } = open(4);
  uploads.add([file('a.txt')]);
  assert.equal(Request.made.length, 0);
  assert.match((uploads.all()[0]!.error as Refused).detail!, /too large/);
});

test('a file that is not wanted any more stops', () => {
  const { uploads, arrived } = open();
  uploads.add([file('a.txt')]);
  const [bar, cancel] = shown(uploads, uploads.all()[0]!);
  assert.deepEqual([bar!.tag, cancel!.text], ['progress', 'Cancel']);
  cancel!.press();
  assert.ok(Request.made[0]!.aborted);
  assert.deepEqual(uploads.all(), []);
  assert.deepEqual(arrived, []);
});

test('ten files at once are enough', () => {
  const { uploads } = open();
  uploads.add(Array.from({ length: 12 }, (_, i) => file(`${i}`)));
  assert.equal(uploads.all().length, 10);
});
