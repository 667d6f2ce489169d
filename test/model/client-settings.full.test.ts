import { execFileSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  type ClientSettings,
  type ConnectFormat,
  clientVariables,
  formatClientSettings,
} from '../../src/project/client-settings.ts';
import { interpreter } from '../../src/project/model-environment.ts';
import { modelEnvironment } from './model-environment.ts';

const PASSWORDS = [
  'plain',
  "it's",
  'say "hi"',
  '$HOME `id` $(id) !!',
  ' spaces #x ',
  'Zo\u00eb \u{1f511}',
  'a"b$c',
  'back\\slash',
  'a\'b"c',
];
let python: string;

beforeAll(async () => {
  python = interpreter(await modelEnvironment());
}, 600_000);

async function readBack(settings: ClientSettings, format: ConnectFormat): Promise<unknown> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-settings-')), 'settings');
  await writeFile(file, formatClientSettings(settings, format));
  const read =
    format === 'dotenv'
      ? 'import dotenv; found = dict(dotenv.dotenv_values(sys.argv[1]))'
      : 'exec(open(sys.argv[1]).read()); found = dict(os.environ)';
  const script = `import json, sys\n${read}\nprint(json.dumps({k: v for k, v in found.items() if k.startswith("MLFLOW_")}))`;
  return JSON.parse(execFileSync(python, ['-X', 'utf8', '-c', script, file], { encoding: 'utf8', env: { HOME: '/wrong' } }));
}

test.each(PASSWORDS)('Python reads %j as it is', async (password) => {
  const settings = { trackingUri: 'https://mlflow.example.com', username: 'ann', password };
  expect(await readBack(settings, 'python')).toEqual(clientVariables(settings));
});

test.each(PASSWORDS)('python-dotenv reads %j as it is, or it is refused', async (password) => {
  const settings = { trackingUri: 'https://mlflow.example.com', username: 'ann', password };
  const read = readBack(settings, 'dotenv');
  if (/\\|'.*"/.test(password)) await expect(read).rejects.toMatchObject({ code: 'SETTING_NOT_DOTENV' });
  else expect(await read).toEqual(clientVariables(settings));
});
