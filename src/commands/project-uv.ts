import path from 'node:path';
import { cacheFolder } from '../project/cache-folder.ts';
import { isLocked } from '../project/lock.ts';
import { findPython } from '../project/python.ts';
import { ensureUv } from '../project/uv.ts';
import type { Context } from './command.ts';

type Part = Pick<Context, 'deps' | 'ui' | 'settings'>;

/** The uv that locks the project folder's packages: the user's own, or ours, which is installed when it is first needed. */
export function projectUv({ deps }: Part, progress: (detail: string) => void): Promise<string> {
  const { env, signal } = deps;
  const requirements = path.join(deps.packageRoot, 'src/templates/tools/uv.txt');
  return ensureUv({ env, cache: cacheFolder(env), requirements, python: () => findPython(env, signal), progress, signal });
}

/** For a folder without a lock: finds or installs uv, so that a machine without Python is told of it before anything is made. */
export async function prepareUv(context: Part): Promise<void> {
  if (await isLocked(context.settings.dir.value)) return;
  await context.ui.step('Prepare uv', (step) => projectUv(context, step.progress));
}
