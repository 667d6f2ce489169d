// Wall time of the whole local journey: init, deploy, model, each as the built program, in a home of its own. The package caches of
// uv, npm and pip are the machine's. Run it twice: the second run has them warm.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const BUDGET_SECONDS = 90;
const program = path.resolve(import.meta.dirname, '../bin/mlflow-gcp.js');
const place = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-bench-'));
const env = { ...process.env, MLFLOW_GCP_HOME: path.join(place, 'home') };
const folder = path.join(place, 'project');
await mkdir(folder);

async function seconds(...args: string[]): Promise<number> {
  const begun = performance.now();
  const status = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args, '--quiet'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (status !== 0) throw new Error(`mlflow-gcp ${args.join(' ')} ended with status ${status}`);
  return (performance.now() - begun) / 1000;
}

try {
  const parts = {
    init: await seconds('init', '--local', '--yes'),
    deploy: await seconds('deploy'),
    model: await seconds('model'),
  };
  const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
  for (const [part, time] of Object.entries(parts)) console.log(`${part.padEnd(8)} ${time.toFixed(1).padStart(6)} s`);
  console.log(
    `together ${total.toFixed(1).padStart(6)} s, ${(total / BUDGET_SECONDS).toFixed(2)} × the budget of ${BUDGET_SECONDS} s`,
  );
} finally {
  await seconds('local', 'reset', '--yes').catch(() => undefined);
  await rm(place, { recursive: true, force: true });
}
