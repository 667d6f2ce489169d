// The whole journey on this machine: init, deploy and model on the local target, as a user would type them.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const program = path.join(root, 'bin', 'mlflow-gcp.js');
const folder = process.env['MLFLOW_GCP_DIR'] ?? path.join(root, 'mlflow-demo');

function run(...args: string[]): Promise<void> {
  console.log(`\n$ mlflow-gcp ${args.join(' ')}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      stdio: 'inherit',
      env: { ...process.env, MLFLOW_GCP_DIR: folder },
    });
    child.on('error', reject);
    child.on('exit', (status) =>
      status === 0
        ? resolve()
        : reject(Object.assign(new Error(`mlflow-gcp ${args[0]} ended with status ${status}`), { status })),
    );
  });
}

await mkdir(folder, { recursive: true });
try {
  const begun = Date.now();
  await run('init', '--local', '--yes');
  await run('deploy');
  await run('model');
  console.log(`\nDone in ${Math.round((Date.now() - begun) / 1000)} s. The server keeps running in the background.`);
  console.log(`  Its address and credentials:  cd ${path.relative(process.cwd(), folder) || '.'} && npx mlflow-gcp connect`);
  console.log('  Stop it, and keep its data:   npx mlflow-gcp local stop');
} catch (error) {
  // The command has said what went wrong and what to do next.
  process.exitCode = (error as { status?: number }).status ?? 1;
}
