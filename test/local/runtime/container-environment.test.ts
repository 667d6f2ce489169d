import { describe, expect, it } from 'vitest';
import { replaceSocketPath } from '../../../src/local/runtime/run/container-environment.ts';
import { originForm } from '../../../src/local/runtime/run/proxy-headers.ts';

describe('the socket folder in a variable', () => {
  const replaced = (text: string) => replaceSocketPath(text, 'example.com:p:r:i', '/local/socket');

  it.each([
    ['/cloudsql/example.com:p:r:i', '/local/socket'],
    ['postgresql://u:p@/d?host=/cloudsql/example.com:p:r:i', 'postgresql://u:p@/d?host=/local/socket'],
    ['postgresql://u:p@/d?host=/cloudsql/example.com:p:r:i&x=1', 'postgresql://u:p@/d?host=/local/socket&x=1'],
    ['?host=%2Fcloudsql%2Fexample.com%3Ap%3Ar%3Ai', '?host=%2Flocal%2Fsocket'],
    ['?host=/cloudsql/example.com%3Ap%3Ar%3ai', '?host=/local/socket'],
    ['/cloudsql/example.com:p:r:i/.s.PGSQL.5432', '/local/socket/.s.PGSQL.5432'],
  ])('%s', (given, expected) => {
    expect(replaced(given)).toBe(expected);
  });

  it.each([
    '/cloudsql/example.com:p:r:i2',
    '/cloudsql/example.com:p:r:i-b',
    '/cloudsql/exampleXcom:p:r:i',
    '/cloudsql',
    'cloudsql/example.com:p:r:i',
  ])('leaves %s as it is', (given) => {
    expect(replaced(given)).toBe(given);
  });
});

describe('a request target', () => {
  it.each([
    ['/a/../b?c#d', '/a/../b?c#d'],
    ['//health', '//health'],
    ['*', '*'],
    ['http://h/health', '/health'],
    ['https://u@h:1/a?b', '/a?b'],
    ['http://h', '/'],
    ['http://h?x', '/?x'],
  ])('%s is sent as %s', (given, expected) => {
    expect(originForm(given)).toBe(expected);
  });
});
