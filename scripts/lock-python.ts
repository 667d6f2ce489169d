import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// Pins the whole Python tree of the server's template: resolves its dependencies anew and writes every version into
// `constraint-dependencies`. A uv.lock is not kept in this repository, since it would name a package index.
//
//   node scripts/lock-python.ts            takes the newest versions (wants uv on PATH, or named by UV)
//   node scripts/lock-python.ts --check    fails when the pins do not cover the tree

const MANIFEST = path.join(import.meta.dirname, '../src/templates/project/pyproject.toml');
const LIST = /^constraint-dependencies = \[\n[^\]]*^\]$/m;
const uv = process.env['UV'] ?? 'uv';

const manifest = readFileSync(MANIFEST, 'utf8');
if (!LIST.test(manifest)) throw new Error(`${MANIFEST} has no list constraint-dependencies`);

if (process.argv.includes('--check')) {
  const missing = resolve(manifest).filter((pin) => !manifest.includes(`"${pin}"`));
  if (missing.length > 0) throw new Error(`not pinned in ${MANIFEST}: ${missing.join(', ')}`);
} else {
  const pins = resolve(withPins([]));
  writeFileSync(MANIFEST, withPins(pins));
  console.log(`${pins.length} packages pinned in ${MANIFEST}`);
}

function withPins(pins: string[]): string {
  const lines = pins.map((pin) => `  "${pin}",\n`).join('');
  return manifest.replace(LIST, `constraint-dependencies = [\n${lines}]`);
}

/** The tree as `name==version`, each package at one version for every Python and platform that the manifest allows. */
function resolve(text: string): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'lock-python-'));
  try {
    writeFileSync(path.join(folder, 'pyproject.toml'), text);
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    };
    execFileSync(uv, ['lock', '--quiet', '--fork-strategy', 'fewest'], options);
    const listing = execFileSync(
      uv,
      ['export', '--quiet', '--frozen', '--no-hashes', '--no-header', '--no-annotate', '--no-emit-project'],
      options,
    );
    const pins = listing
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(';')[0]!.trim());
    const names = pins.map((pin) => pin.split('==')[0]);
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    if (twice.length > 0) throw new Error(`more than one version is needed of ${twice.join(', ')}`);
    return pins;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
