import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkify, safeHref } from '../shared/linkify.ts';
import { forSeeds } from './random.ts';

const links = (text: string) => linkify(text).filter((piece) => piece.href).map((piece) => piece.text);

test('addresses become links and sentences stay sentences', () => {
  const cases: [string, string[]][] = [
    ['see https://a.example/x.', ['https://a.example/x']],
    ['(https://a.example/x)', ['https://a.example/x']],
    ['https://a.example/wiki/Fern_(plant), yes', ['https://a.example/wiki/Fern_(plant)']],
    ['two: http://a.example and HTTPS://B.example/?q=1&r=2#c!', ['http://a.example', 'HTTPS://B.example/?q=1&r=2#c']],
    ['write mailto:shop@a.example?subject=Hi', ['mailto:shop@a.example?subject=Hi']],
    ['no links: a.example www.a.example shop@a.example', []],
    ['https://münchen.example/straße', ['https://münchen.example/straße']],
    ['«https://a.example»', ['https://a.example']],
    ['', []],
  ];
  for (const [text, expected] of cases) assert.deepEqual(links(text), expected, text);
});

test('hostile text is only text', () => {
  const hostile = [
    'javascript:alert(1)',
    'JaVaScRiPt://a.example/%0aalert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'xhttps://a.example',
    'nothttp://a.example',
    'https://bank.example@evil.example/',
    'https://user:secret@evil.example/',
    'https://',
    'http://[::1',
    'https:// a.example',
    '<a href="x">y</a>',
  ];
  for (const text of hostile) assert.deepEqual(links(text), [], text);
});

test('a link ends before quotes, brackets and characters that cannot be seen', () => {
  for (const end of ['"onclick="x', "' onclick=x", '<script>', '>x', '`', '\u202egpj.exe', '\u200b.evil.example', '\u2066x', '\n', '\u00a0']) {
    const [link] = links(`https://a.example/${end}`);
    assert.equal(link, 'https://a.example/', JSON.stringify(end));
  }
});

test('for any text: nothing is lost, nothing is added, and only allowed addresses are linked', () => {
  const parts = ['https://', 'http://', 'mailto:', 'javascript:', 'data:', 'a', 'é', '.', '/', '@', ':', '(', ')', '[', ' ', '\n', '"', '<', '>', '&', '#', '%0a', '\u202e', '\u0000', '😀', '\ud800', 'xn--', '-'];
  forSeeds(3000, (random) => {
    const text = Array.from({ length: random(24) }, () => parts[random(parts.length)]).join('');
    const pieces = linkify(text);
    assert.equal(pieces.map((piece) => piece.text).join(''), text);
    for (const { href } of pieces) if (href) assert.match(href, /^(https?:\/\/[^@]|mailto:)/);
  });
});

test('a long run without a link does not take long', () => {
  for (const part of ['http://', 'https://a', '(((((', 'mailto:)))))', '))))']) {
    assert.equal(linkify(part.repeat(2000)).map((piece) => piece.text).join('').length, part.length * 2000);
  }
});

test('an address from elsewhere is followed only over http or https', () => {
  assert.equal(safeHref('https://a.example/x'), 'https://a.example/x');
  for (const address of ['javascript:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'mailto:a@b.example', '/relative', '', null, 7, {}, 'https://a@b.example']) {
    assert.equal(safeHref(address), null, String(address));
  }
});
