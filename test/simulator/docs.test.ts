import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { page, withTable } from '../../scripts/simulator-docs.ts';

test('the table of what is simulated is up to date (npm run docs:simulator)', async () => {
  const text = readFileSync(page, 'utf8');
  expect(await withTable(text)).toBe(text);
});
