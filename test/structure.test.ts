import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const SRC = path.resolve(import.meta.dirname, '../src');

/** From top to bottom: a file may import from its own layer and from those below it. */
const LAYERS = ['main.ts', 'cli.ts', 'commands', 'settings', 'stack', 'cloud-target.ts', 'gcp', 'project', 'local', 'ui'];
/** Seen from everywhere: errors, and the interfaces that are handed down. */
const SHARED = ['errors.ts', 'deps.ts', 'target.ts', 'signals.ts'];
/** Neither knows the other: they meet over HTTP. */
const APART = [['gcp', 'local']];

interface Import {
  from: string;
  to: string;
}

const files = (await readdir(SRC, { recursive: true })).filter((file) => file.endsWith('.ts') && !file.startsWith('templates'));

async function importsOf(file: string): Promise<Import[]> {
  const text = await readFile(path.join(SRC, file), 'utf8');
  // Types alone make no dependency at run time, and the config's types are what settings speak of.
  const found = text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gms);
  return [...found].map((match) => ({
    from: file,
    to: path.relative(SRC, path.resolve(SRC, path.dirname(file), (match[1] ?? match[2])!)),
  }));
}

const layerOf = (file: string): string => file.split(path.sep)[0]!;

test('imports point down the layers, never up', async () => {
  const imports = (await Promise.all(files.map(importsOf))).flat();
  expect(imports.length).toBeGreaterThan(200);
  const unknown = [...new Set(files.map(layerOf))].filter((layer) => !LAYERS.includes(layer) && !SHARED.includes(layer));
  expect(unknown).toEqual([]);
  const upward = imports.filter(({ from, to }) => {
    const [above, below] = [LAYERS.indexOf(layerOf(from)), LAYERS.indexOf(layerOf(to))];
    if (to.startsWith('..') || SHARED.includes(layerOf(to))) return false;
    return below < above;
  });
  expect(upward).toEqual([]);
  const meeting = imports.filter(({ from, to }) =>
    APART.some((pair) => pair.includes(layerOf(from)) && pair.includes(layerOf(to)) && layerOf(from) !== layerOf(to)),
  );
  expect(meeting).toEqual([]);
});

test('no file has grown beyond what one reason to exist needs, and none is a barrel or a drawer', async () => {
  const long: string[] = [];
  for (const file of files) {
    const lines = (await readFile(path.join(SRC, file), 'utf8')).split('\n').length;
    if (lines > 251) long.push(`${file}: ${lines}`);
  }
  expect(long).toEqual([]);
  expect(files.filter((file) => /(?:^|[\\/])(?:index|utils?|helpers?|misc|common)\.ts$/.test(file))).toEqual([]);
});
