// `mlflow-gcp --help` next to a script that only imports commander. Budget: at most 1.5 times as long.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const ROUNDS = 40;

/** Prints the two medians in milliseconds and their ratio; false when over the budget. */
export function benchHelp(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'mlflow-gcp-bench-'));
  try {
    const floor = path.join(folder, 'floor.mjs');
    const commander = path.join(root, 'node_modules/commander/index.js');
    writeFileSync(
      floor,
      `import { Command } from ${JSON.stringify(commander)};\nnew Command('floor').parse(['--help'], { from: 'user' });\n`,
    );
    const program = [path.join(root, 'bin/mlflow-gcp.js'), '--help'];
    // One after the other in turn, so that whatever else the machine does hits both.
    const times: { floor: number[]; help: number[] } = { floor: [], help: [] };
    for (let round = -3; round < ROUNDS; round++) {
      const pair = { floor: milliseconds([floor]), help: milliseconds(program) };
      if (round < 0) continue;
      times.floor.push(pair.floor);
      times.help.push(pair.help);
    }
    const [base, help] = [median(times.floor), median(times.help)];
    const ratio = help / base;
    console.log(`--help: ${help.toFixed(1)} ms; only commander: ${base.toFixed(1)} ms; ratio ${ratio.toFixed(2)} (budget 1.5)`);
    return ratio <= 1.5;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function milliseconds(args: string[]): number {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
  return performance.now() - started;
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

if (import.meta.main) process.exitCode = benchHelp() ? 0 : 1;
