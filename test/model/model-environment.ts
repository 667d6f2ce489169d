import { execFile } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/project/cache-folder.ts';
import { ensureModelEnvironment } from '../../src/project/model-environment.ts';
import { findPython } from '../../src/project/python.ts';
import { ensureUv } from '../../src/project/uv.ts';

export const templates = path.resolve(import.meta.dirname, '../../src/templates');
export const modelRequirements = path.join(templates, 'model/requirements.txt');

const { env } = process;
const run = promisify(execFile);

async function tools(): Promise<{ python: Awaited<ReturnType<typeof findPython>>; uv: () => Promise<string> }> {
  const python = await findPython(env);
  const uv = (): Promise<string> =>
    ensureUv({ env, cache: cacheFolder(env), requirements: path.join(templates, 'tools/uv.txt'), python: async () => python });
  return { python, uv };
}

/** The environment that the `model` command would use; shared with it and kept. */
export async function modelEnvironment(): Promise<string> {
  return ensureModelEnvironment({ env, cache: cacheFolder(env), requirements: modelRequirements, ...(await tools()) });
}

/** An environment with the MLflow server, of the client's version and beside the same libraries. Returns its folder; kept like the other. */
export async function serverEnvironment(): Promise<string> {
  const folder = path.join(cacheFolder(env), 'test-server-3.17.2');
  const server = path.join(folder, 'bin', 'mlflow');
  if (
    await access(server).then(
      () => true,
      () => false,
    )
  )
    return folder;
  const { python, uv } = await tools();
  const program = await uv();
  await run(program, ['venv', '--quiet', '--no-project', '--clear', '--python', python.path, folder]);
  await run(program, [
    'pip',
    'install',
    '--quiet',
    '--python',
    path.join(folder, 'bin', 'python'),
    '--no-config',
    'mlflow==3.17.2',
    '-c',
    await constraints(folder),
  ]);
  return folder;
}

/** The pins without their hashes: as constraints, hashes would be asked of every package. */
async function constraints(folder: string): Promise<string> {
  const pins = (await readFile(modelRequirements, 'utf8')).split('\n').filter((line) => /^[a-z]/i.test(line));
  const file = path.join(folder, 'constraints.txt');
  await writeFile(file, `${pins.map((line) => line.replace(/ \\$/, '')).join('\n')}\n`);
  return file;
}
