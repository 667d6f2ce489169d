// Pins the Python packages of the model program with their hashes: run it after a change to requirements.in (needs uv on PATH).
// With --upgrade, newer versions are taken; without, those that are pinned stay.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'templates', 'model');

// --universal: one file for every system and every Python from 3.11 on. No name of an index gets into it.
const fixed = [
  '--universal',
  '--python-version',
  '3.11',
  '--generate-hashes',
  '--no-emit-index-url',
  '--no-annotate',
  '--no-header',
];
execFileSync(
  'uv',
  ['pip', 'compile', 'requirements.in', '--output-file', 'requirements.txt', '--quiet', ...fixed, ...process.argv.slice(2)],
  {
    cwd: folder,
    stdio: 'inherit',
  },
);
