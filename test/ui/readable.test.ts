import { expect, test } from 'vitest';
import { readable, readableJson } from '../../src/ui/readable.ts';

test('what moves the cursor, colours or turns the writing round is spelt out; what people write stays', () => {
  expect(readable('a\u001b[31mred\u0007\r\u009b')).toBe('a\\u001b[31mred\\u0007\\u000d\\u009b');
  expect(readable('\u202egnp.exe \u2066x\u2069 \ufeff \ud800')).toBe('\\u202egnp.exe \\u2066x\\u2069 \\ufeff \\ud800');
  const kept = 'two\nlines\tשלום 👩‍👩‍👧‍👦 é ﬁ 日本';
  expect(readable(kept)).toBe(kept);
});

test('a very long line is cut in the middle, and says how long it was', () => {
  const text = readable(`first\n${'x'.repeat(100_000)}end`);
  expect(text.length).toBeLessThan(2_200);
  expect(text).toMatch(/^first\nx+… \(100003 characters\) …x+end$/);
});

test('JSON says the same with them spelt out', () => {
  const value = { name: '\u202e\u009b\u0007😀\u2028' };
  expect(readableJson(value)).toBe('{"name":"\\u202e\\u009b\\u0007😀\\u2028"}');
  expect(JSON.parse(readableJson(value))).toEqual(value);
});
