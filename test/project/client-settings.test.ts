import { execFileSync } from 'node:child_process';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { type ClientSettings, clientVariables, formatClientSettings } from '../../src/project/client-settings.ts';

const settings = (password: string): ClientSettings => ({
  trackingUri: 'https://mlflow-1.us-central1.run.app',
  username: 'ann',
  password,
});

const NASTY = [
  'plain',
  "it's",
  'say "hi"',
  '$HOME `id` $(id) !!',
  'back\\slash\\',
  ['$', '{HOME}'].join(''),
  'Zoë 密码 🔑',
  ' spaces  ',
  '#hash = x',
  'a\'b"c$d`e\\f',
  '-n',
  '',
];

function readByShell(text: string): Record<string, string> {
  const names = ['MLFLOW_TRACKING_URI', 'MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD'];
  const output = execFileSync('/bin/sh', ['-c', `${text}\n/usr/bin/env -0`], { encoding: 'utf8', env: { HOME: '/wrong' } });
  const all = Object.fromEntries(output.split('\0').map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]));
  return Object.fromEntries(names.map((name) => [name, all[name] ?? '']));
}

describe('formatClientSettings', () => {
  test.each(NASTY)('a shell reads %j as it is', (password) => {
    expect(readByShell(formatClientSettings(settings(password), 'env'))).toEqual(clientVariables(settings(password)));
  });

  test.each(NASTY)('JSON and Python read %j as it is', (password) => {
    expect(JSON.parse(formatClientSettings(settings(password), 'json'))).toEqual(clientVariables(settings(password)));
    const last = formatClientSettings(settings(password), 'python').split('\n').at(-1) ?? '';
    expect(last.startsWith('os.environ["MLFLOW_TRACKING_PASSWORD"] = "')).toBe(true);
  });

  test.each(NASTY)('a .env reader reads %j as it is, or it is refused', (password) => {
    let text: string;
    try {
      text = formatClientSettings(settings(password), 'dotenv');
    } catch (error) {
      expect(error).toMatchObject({ code: 'SETTING_NOT_DOTENV' });
      expect(password).toMatch(/\\|\$\{/);
      expect((error as UserError).message).not.toContain(password);
      return;
    }
    expect(parseEnv(text)).toEqual(clientVariables(settings(password)));
  });

  test('looks as expected', () => {
    const given = settings("it's");
    expect(formatClientSettings(given, 'env')).toMatchInlineSnapshot(`
      "export MLFLOW_TRACKING_URI='https://mlflow-1.us-central1.run.app'
      export MLFLOW_TRACKING_USERNAME='ann'
      export MLFLOW_TRACKING_PASSWORD='it'\\''s'"
    `);
    expect(formatClientSettings(given, 'dotenv')).toMatchInlineSnapshot(`
      "MLFLOW_TRACKING_URI='https://mlflow-1.us-central1.run.app'
      MLFLOW_TRACKING_USERNAME='ann'
      MLFLOW_TRACKING_PASSWORD="it's""
    `);
    expect(formatClientSettings(given, 'python')).toMatchInlineSnapshot(`
      "import os

      os.environ["MLFLOW_TRACKING_URI"] = "https://mlflow-1.us-central1.run.app"
      os.environ["MLFLOW_TRACKING_USERNAME"] = "ann"
      os.environ["MLFLOW_TRACKING_PASSWORD"] = "it's""
    `);
  });

  test.each(['a\nb', 'a\rb', 'a\0b', 'a\u2028b', '\u001b[31m'])('%j is refused in every form, and not repeated', (password) => {
    for (const format of ['env', 'dotenv', 'python', 'json'] as const) {
      try {
        formatClientSettings(settings(password), format);
        expect.unreachable('it should have been refused');
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        expect(error).toMatchObject({ code: 'SETTING_UNPRINTABLE' });
        expect((error as UserError).message).toContain('MLFLOW_TRACKING_PASSWORD');
        expect((error as UserError).message).not.toContain(password);
      }
    }
  });

  test('leaves out what there is not', () => {
    expect(formatClientSettings({ trackingUri: 'http://127.0.0.1:5000' }, 'env')).toBe(
      "export MLFLOW_TRACKING_URI='http://127.0.0.1:5000'",
    );
  });
});
