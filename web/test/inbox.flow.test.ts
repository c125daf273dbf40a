import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerNames, faultOf, newStep, renamed, type Flow, type Step } from '../inbox/settings/assistants/flow_model.ts';

const flow: Flow = {
  start: 'hello',
  steps: [
    { id: 'hello', type: 'say', text: 'Hello', goto: 'topic' },
    { id: 'topic', type: 'ask', text: 'What?', save_as: 'topic', buttons: [{ label: 'Hello', value: 'hello' }], otherwise: 'hello' },
    { id: 'by', type: 'condition', answer: 'topic', cases: [{ equals: 'hello', goto: 'hello' }], else: 'hello' },
  ],
};

test('a step that is called otherwise is followed by all who lead to it, and nothing else changes', () => {
  const after = renamed(flow, 'hello', 'welcome');
  assert.deepEqual(after, {
    start: 'welcome',
    steps: [
      { id: 'welcome', type: 'say', text: 'Hello', goto: 'topic' },
      { id: 'topic', type: 'ask', text: 'What?', save_as: 'topic', buttons: [{ label: 'Hello', value: 'hello' }], otherwise: 'welcome' },
      { id: 'by', type: 'condition', answer: 'topic', cases: [{ equals: 'hello', goto: 'welcome' }], else: 'welcome' },
    ],
  });
  assert.equal('goto' in after.steps[2]!, false);
});

test('a new step has a name of its own', () => {
  const steps: Step[] = [];
  for (let i = 0; i < 3; i++) steps.push(newStep('say', steps));
  assert.deepEqual(steps.map(({ id }) => id), ['say', 'say_2', 'say_3']);
});

test('the answers that are kept can be looked at', () => {
  const kept = answerNames({ steps: [...flow.steps, { id: 'mail', type: 'collect', what: 'email', text: 'Where?' }] });
  assert.deepEqual(kept, ['topic', 'email', 'contact.name', 'contact.email', 'contact.phone']);
});

test('a fault is shown at its step', () => {
  assert.deepEqual(faultOf('flow has a fault in step `a-b_1`: it has an empty `text`.'), { step: 'a-b_1', text: 'Has an empty `text`.' });
  assert.deepEqual(faultOf('flow has a fault in step `a`: it cannot be said: text must not be empty..'), { step: 'a', text: 'Cannot be said: text must not be empty.' });
  assert.deepEqual(faultOf('flow must have 1 to 200 steps.'), { step: null, text: 'Must have 1 to 200 steps.' });
});
