// Runs every benchmark of this folder after one another, or those that are named: `node bench/run.ts help package-size`.
// Each is a program of its own that prints what it measured, and ends with 1 when it is over its budget.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

const folder = import.meta.dirname;
const all = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && name !== 'run.ts')
  .map((name) => name.replace(/\.ts$/, ''))
  .sort();
const named = process.argv.slice(2);
const unknown = named.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`There is no benchmark ${unknown.join(', ')}; there are ${all.join(', ')}.`);

const over = (named.length > 0 ? named : all).filter((name) => {
  console.log(`\n# ${name}`);
  return spawnSync(process.execPath, [path.join(folder, `${name}.ts`)], { stdio: 'inherit' }).status !== 0;
});
if (over.length > 0) {
  console.error(`\nover budget or failed: ${over.join(', ')}`);
  process.exitCode = 1;
}
