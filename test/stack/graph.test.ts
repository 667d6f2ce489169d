import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { criticalPathSeconds, reverseNodes, runGraph, sortNodes } from '../../src/stack/graph.ts';

const node = (id: string, ...dependsOn: string[]) => ({ id, dependsOn, usualSeconds: 10 });

test('begins each node as soon as its dependencies are done, and the rest at once', async () => {
  const events: string[] = [];
  const results = await runGraph([node('c', 'a'), node('a'), node('b')], async ({ id }) => {
    events.push(`+${id}`);
    await delay(id === 'b' ? 40 : 5);
    events.push(`-${id}`);
    return id.toUpperCase();
  });
  expect(events).toEqual(['+a', '+b', '-a', '+c', '-c', '-b']);
  expect(Object.fromEntries(results)).toEqual({ a: 'A', b: 'B', c: 'C' });
});

test('a failure keeps its dependents from beginning, lets the others end, and is thrown', async () => {
  const done: string[] = [];
  const run = runGraph([node('a'), node('b', 'a'), node('c', 'b'), node('d')], async ({ id }) => {
    if (id === 'a') throw new Error('a is refused');
    await delay(10);
    done.push(id);
  });
  await expect(run).rejects.toThrow('a is refused');
  expect(done).toEqual(['d']);
});

test('an unknown dependency and a circle are our own mistakes', () => {
  expect(() => sortNodes([node('a', 'x')])).toThrow('a depends on x');
  expect(() => sortNodes([node('a', 'b'), node('b', 'a')])).toThrow('a → b → a');
});

test('taking down goes the other way round', () => {
  expect(sortNodes(reverseNodes([node('a'), node('b', 'a'), node('c', 'b')])).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
});

test('the critical path is the longest chain, not the sum', () => {
  expect(criticalPathSeconds([node('a'), node('b', 'a'), node('c'), { ...node('d', 'c'), usualSeconds: 25 }])).toBe(35);
});
