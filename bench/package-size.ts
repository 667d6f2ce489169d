// The size of what npm publishes. Budget: 1.5 MB packed, no dependencies.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const BUDGET = 1_500_000;

/** Prints the sizes and what takes most of them; false when over the budget. */
export function benchPackageSize(): boolean {
  const { stdout, status, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const report = JSON.parse(stdout) as unknown;
  // npm 12 names the packages, older ones list them.
  const [pack] = Object.values(report as object) as Array<{
    size: number;
    unpackedSize: number;
    files: Array<{ path: string; size: number }>;
  }>;
  if (pack === undefined) throw new Error('npm packed nothing');
  console.log(
    `package: ${mb(pack.size)} packed, ${mb(pack.unpackedSize)} unpacked, ${pack.files.length} files (budget ${mb(BUDGET)} packed)`,
  );
  for (const file of pack.files.toSorted((a, b) => b.size - a.size).slice(0, 5)) console.log(`  ${mb(file.size)}  ${file.path}`);
  return pack.size < BUDGET;
}

function mb(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(2)} MB`;
}

if (import.meta.main) process.exitCode = benchPackageSize() ? 0 : 1;
