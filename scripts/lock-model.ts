// Pins the Python packages of the model program, and uv itself, with their hashes: run it after a change to one of the .in
// files (needs uv on PATH). With --upgrade, newer versions are taken; without, those that are pinned stay.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const templates = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'templates');
const files = [
  ['model/requirements.in', 'model/requirements.txt'],
  ['tools/uv.in', 'tools/uv.txt'],
] as const;
// --universal: one file for every system and every Python from 3.11 on. No name of an index gets into it.
const portable = ['--universal', '--python-version', '3.11', '--generate-hashes', '--no-emit-index-url'];
const bare = ['--no-annotate', '--no-header', '--quiet'];

for (const [source, pinned] of files) {
  const args = ['pip', 'compile', source, '--output-file', pinned, ...portable, ...bare, ...process.argv.slice(2)];
  execFileSync('uv', args, { cwd: templates, stdio: 'inherit' });
}
