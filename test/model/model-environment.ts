import path from 'node:path';
import { cacheFolder } from '../../src/project/cache-folder.ts';
import { ensureModelEnvironment } from '../../src/project/model-environment.ts';
import { findPython } from '../../src/project/python.ts';
import { ensureUv } from '../../src/project/uv.ts';

export const templates = path.resolve(import.meta.dirname, '../../src/templates');
export const modelRequirements = path.join(templates, 'model/requirements.txt');

/** The environment that the `model` command would use; shared with it and kept. */
export async function modelEnvironment(): Promise<string> {
  const { env } = process;
  const cache = cacheFolder(env);
  const python = await findPython(env);
  const uv = () => ensureUv({ env, cache, requirements: path.join(templates, 'tools/uv.txt'), python: async () => python });
  return ensureModelEnvironment({ env, cache, requirements: modelRequirements, python, uv });
}
