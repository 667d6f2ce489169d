import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../support/program.ts';

/** The record that the build writes of what went into which file. */
const { outputs } = JSON.parse(readFileSync(path.join(packageRoot, 'dist/meta.json'), 'utf8')) as Metafile;

/** Everything that a file loads by itself, without what it imports only when it is needed. */
function loadedWith(output: string, seen = new Set<string>()): Set<string> {
  if (seen.has(output)) return seen;
  seen.add(output);
  for (const one of outputs[output]?.imports ?? []) {
    if (one.kind === 'import-statement' && !one.external) loadedWith(one.path, seen);
  }
  return seen;
}

describe('what --help and --version load', () => {
  const files = loadedWith('dist/main.js');
  const inputs = [...files].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));

  it('is commander and our own descriptions of the commands', () => {
    const packages = new Set(inputs.flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []));
    expect([...packages]).toEqual(['commander']);
  });

  it('holds none of the work', () => {
    const own = inputs.filter((input) => input.startsWith('src/'));
    expect(own).toContain('src/cli.ts');
    for (const input of own) expect(input).not.toMatch(/^src\/(gcp|local|stack|ui)\/|-action\.ts$/);
  });

  it('is small', () => {
    const bytes = [...files].reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0);
    expect(bytes).toBeLessThan(120_000);
  });
});
