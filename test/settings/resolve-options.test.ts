import { expect, it } from 'vitest';
import { list, wholeNumber } from '../../src/settings/option.ts';
import { resolveOptions } from '../../src/settings/resolve-options.ts';

const table = { replicas: list('number', 'replicas', { parse: wholeNumber(0, 9) }) };
const refusalOf = (text: string): string[] => {
  try {
    resolveOptions(table, () => undefined, { MLFLOW_GCP_REPLICAS: text });
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
};

it('tells the same fault once', () => {
  expect(refusalOf(','.repeat(100_000))).toEqual(['MLFLOW_GCP_REPLICAS is "": expected a whole number from 0 to 9.']);
});

it('tells no more faults than a person reads', () => {
  const lines = refusalOf(Array.from({ length: 100 }, (_, nth) => `n${nth}`).join(','));
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe('And 80 more.');
});
