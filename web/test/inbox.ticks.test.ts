import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticks, timeTicks } from '../inbox/reports/ticks.ts';

test('an axis begins at nothing, ends at or above the most, and has few lines', () => {
  for (const most of [1, 2, 3, 7, 10, 11, 99, 100, 101, 4_321, 1_000_000]) {
    const lines = ticks(most, true);
    assert.equal(lines[0], 0);
    assert.ok(lines.at(-1)! >= most && lines.length <= 6, `${most}: ${lines}`);
    assert.ok(lines.every(Number.isInteger), `${most}: ${lines}`);
  }
  assert.deepEqual(ticks(0, true), [0, 1]);
});

test('an axis of times has whole minutes, hours or days', () => {
  assert.deepEqual(timeTicks(540), [0, 300, 600]);
  assert.deepEqual(timeTicks(5 * 3600), [0, 7200, 14_400, 21_600]);
  for (const most of [0, 1, 59, 61, 3_599, 86_400, 10_000_000]) {
    const lines = timeTicks(most);
    assert.ok(lines.at(-1)! >= most && lines.length >= 2, `${most}: ${lines}`);
  }
});
