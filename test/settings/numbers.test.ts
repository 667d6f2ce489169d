import { expect, it } from 'vitest';
import { InvalidValue, positiveNumber, wholeNumber } from '../../src/settings/option.ts';

it.each(['-0', '+5', '1e1', '0x10', ' 5', '5 ', '', '5.0', '١٢', '101', '-1'])('%j is no whole number from 0 to 100', (text) => {
  expect(() => wholeNumber(0, 100)(text)).toThrow(InvalidValue);
});

it.each([
  ['0', 0],
  ['007', 7],
  ['100', 100],
])('%j is a whole number from 0 to 100', (text, number) => {
  expect(wholeNumber(0, 100)(text)).toBe(number);
});

it.each(['0', '0.0', '-0', '-1', '+5', '1e3', '0x10', ' 5', '', '.', 'Infinity', `1${'0'.repeat(400)}`])(
  '%j is no positive number',
  (text) => {
    expect(() => positiveNumber(text)).toThrow(InvalidValue);
  },
);

it.each([
  ['0.5', 0.5],
  ['.5', 0.5],
  ['5.', 5],
  ['1000', 1000],
])('%j is a positive number', (text, number) => {
  expect(positiveNumber(text)).toBe(number);
});
