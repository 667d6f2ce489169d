import { readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { writeKeyFile } from '../../src/project/key-file.ts';
import { temporaryFolder } from '../support/program.ts';

test('a key that a killed run had half put away goes when the next one is written; nothing else does', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'key.json');
  for (const name of ['key.json.1a57097f.tmp', 'key.json.bak', 'other.json.1a57097f.tmp'])
    await writeFile(path.join(folder, name), 'x');
  await writeKeyFile(file, '{}');
  expect((await readdir(folder)).sort()).toEqual(['key.json', 'key.json.bak', 'other.json.1a57097f.tmp']);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});
