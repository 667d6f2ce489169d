import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../support/program.ts';

const source = path.join(packageRoot, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((name) => name.split(path.sep).join('/'))
  .filter((name) => name.endsWith('.ts') && !name.startsWith('templates/'));

/** What each file imports of our own, as paths below src/, types and `await import()` included. */
function importsOf(file: string): string[] {
  const text = readFileSync(path.join(source, file), 'utf8');
  const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '');
  return targets.map((target) => path.posix.join(path.posix.dirname(file), target));
}
const edges = files.flatMap((from) => importsOf(from).map((to) => ({ from, to })));
const layerOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : 'top');

/** Which layers a layer may import besides itself and the seams at the top of src/. */
const MAY_IMPORT: Record<string, string[]> = {
  commands: ['stack', 'gcp', 'project', 'local', 'settings', 'ui'],
  stack: ['gcp', 'project', 'ui'],
  settings: ['project'],
  project: ['ui'],
  gcp: [],
  local: ['project', 'ui'],
  ui: [],
};

describe('the layers of src/', () => {
  it.each(Object.entries(MAY_IMPORT))('%s imports none but %j', (layer, allowed) => {
    const known = [layer, 'top', ...allowed];
    const wrong = edges.filter(({ from, to }) => layerOf(from) === layer && !known.includes(layerOf(to)));
    expect(wrong.filter(({ to }) => !to.startsWith('..'))).toEqual([]);
  });

  it('has no folder that the list above does not know', () => {
    expect(new Set(files.map(layerOf))).toEqual(new Set([...Object.keys(MAY_IMPORT), 'top']));
  });

  it('keeps the libraries of a person at a terminal, and of Google, where they belong', () => {
    const owners: Array<[RegExp, RegExp]> = [
      [/^(ora|@inquirer\/)/, /^ui\//],
      [/^commander$/, /^(cli|main)\.ts$|^commands\/run-command\.ts$|^settings\/flag\.ts$/],
      [/^(@google-cloud\/|googleapis|google-auth-library|google-gax)/, /^gcp\//],
    ];
    const packages = files.flatMap((file) =>
      [...readFileSync(path.join(source, file), 'utf8').matchAll(/^import (?!type).*from '([^.'][^']*)'/gm)].map((match) => ({
        file,
        name: match[1] ?? '',
      })),
    );
    for (const [library, owner] of owners) {
      expect(packages.filter(({ file, name }) => library.test(name) && !owner.test(file))).toEqual([]);
    }
  });

  it('ends the process nowhere and prints by itself nowhere', () => {
    const wrong = files.filter((file) =>
      /process\.exit\(|\bconsole\.(?:log|error|warn|info|debug)\(/.test(readFileSync(path.join(source, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  it('has no file that nobody can read at one go', () => {
    const long = files.filter((file) => readFileSync(path.join(source, file), 'utf8').split('\n').length > 251);
    expect(long).toEqual([]);
  });
});
