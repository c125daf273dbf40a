import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contrast, inkOn, readable, valid } from '../shared/colour.ts';
import { forSeeds } from './random.ts';

test('contrast follows the WCAG formula', () => {
  assert.equal(contrast('#000000', '#ffffff').toFixed(2), '21.00');
  assert.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48');
  assert.equal(contrast('#ffffff', '#767676').toFixed(2), '4.54');
});

test('any colour an account chooses can be read', () => {
  forSeeds(5000, (random) => {
    const colour = '#' + random(0x1000000).toString(16).padStart(6, '0');
    assert.ok(contrast(colour, inkOn(colour)) >= 4.5, colour);
    for (const ground of ['#f1f3f6', '#262a32']) {
      const accent = readable(colour, ground);
      assert.match(accent, /^#[0-9a-f]{6}$/);
      assert.ok(contrast(accent, ground) >= 4.5, `${colour} on ${ground}`);
    }
  });
});

test('what is no colour becomes ours', () => {
  assert.equal(valid('#ABCDEF'), '#ABCDEF');
  for (const bad of ['red', '#fff', 'url(x)', '#12345g', '']) assert.equal(valid(bad), '#1f6feb');
});
