import path from 'node:path';
import packageFile from '../../../package.json' with { type: 'json' };
import { serveDaemon } from '../../local/daemon.ts';
import { localHome, programsFolder } from '../../local/home.ts';
import { cacheFolder } from '../../project/cache-folder.ts';
import { findPython } from '../../project/python.ts';
import { ensureUv } from '../../project/uv.ts';
import type { Context } from '../command.ts';
import type { serveOptions } from '../local.ts';

/** Is the background process until it is told to end. What it prints goes into its log. */
export async function run({ deps, options }: Context<typeof serveOptions>): Promise<undefined> {
  const { env, packageRoot, execPath, signal, now } = deps;
  const cache = env['MLFLOW_GCP_CACHE'] ? path.resolve(env['MLFLOW_GCP_CACHE']) : cacheFolder(env);
  const note = (line: string) => void deps.stdout.write(`${now().toISOString()} ${line}\n`);
  const python = () => findPython(env);
  const requirements = path.join(packageRoot, 'src/templates/tools/uv.txt');
  await serveDaemon({
    home: localHome(env),
    version: packageFile.version,
    packageRoot,
    execPath,
    env,
    programs: programsFolder(cache),
    speed: options.speed,
    uv: () => ensureUv({ env, cache, requirements, python, progress: note }),
    python,
    loadAhead,
    signal,
    note,
    now,
  });
  return undefined;
}

async function loadAhead(): Promise<void> {
  // The certificate library asks for its polyfill first.
  await import('reflect-metadata');
  await Promise.all([import('execa'), import('pg'), import('@peculiar/x509')]);
}
