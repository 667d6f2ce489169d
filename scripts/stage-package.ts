import { execFileSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
/** Everything that package.json's `files` may name, and what decides what npm leaves out. */
const NAMES = ['package.json', '.gitignore', 'bin', 'src', 'LICENSE', 'README.md', 'CHANGELOG.md'];

/** Copies the sources of the package to `folder`, builds its dist/ from scratch, and packs it. Returns the path of the tarball. */
export function stagePackage(folder: string): string {
  const stage = path.join(folder, 'stage');
  for (const name of NAMES.filter((one) => existsSync(path.join(root, one)))) {
    cpSync(path.join(root, name), path.join(stage, name), { recursive: true });
  }
  execFileSync(process.execPath, [path.join(root, 'scripts/build.ts'), '--out', path.join(stage, 'dist')], { stdio: 'pipe' });
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: stage,
    encoding: 'utf8',
    stdio: 'pipe',
  });
  return path.join(folder, packed.trim().split('\n').at(-1) ?? '');
}
