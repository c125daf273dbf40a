import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frame, unframer } from '../shared/frames.ts';
import { forSeeds } from './random.ts';

test('messages arrive whole, however the stream is cut', () => {
  const messages = [{ type: 6 }, { type: 1, target: 'Message', arguments: ['ä€😀 \n { } "'] }, {}, { type: 7, error: 'x' }];
  const stream = messages.map(frame).join('');
  forSeeds(200, (random) => {
    const read = unframer();
    const got: unknown[] = [];
    for (let at = 0; at < stream.length; ) {
      const end = at + random(12);
      got.push(...read(stream.slice(at, end)));
      at = end;
    }
    assert.deepEqual(got, messages);
  });
});

test('what is not a message is refused', () => {
  assert.throws(() => unframer()('not json\x1e'));
  assert.throws(() => unframer()('\x1e'));
  assert.deepEqual(unframer()('half a mess'), []);
});
