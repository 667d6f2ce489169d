// The size of what npm publishes. Budget: 1.5 MB packed, no dependencies.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stagePackage } from '../scripts/stage-package.ts';

const BUDGET = 1_500_000;

const folder = mkdtempSync(path.join(tmpdir(), 'mlflow-gcp-bench-'));
try {
  const tarball = stagePackage(folder);
  const { size } = statSync(tarball);
  // Mode, owner, size, date, time, name.
  const files = execFileSync('tar', ['-tvzf', tarball], { encoding: 'utf8' }).trim().split('\n');
  const sizes = files.map((line) => line.split(/ +/)).map((words) => ({ bytes: Number(words[2]), name: words.at(-1) ?? '' }));
  const unpacked = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`package: ${mb(size)} packed, ${mb(unpacked)} unpacked, ${files.length} files (budget ${mb(BUDGET)} packed)`);
  for (const { bytes, name } of sizes.toSorted((a, b) => b.bytes - a.bytes).slice(0, 5)) console.log(`  ${mb(bytes)}  ${name}`);
  process.exitCode = size < BUDGET ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function mb(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(2)} MB`;
}
