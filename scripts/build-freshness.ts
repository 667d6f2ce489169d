import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Beside the inputs that esbuild names: what else decides how the bundle looks. */
const SCRIPTS = ['build', 'build-builtins', 'build-commonjs', 'build-freshness', 'build-licenses', 'build-trims'].map(
  (name) => `scripts/${name}.ts`,
);
const SETTINGS = ['package.json', 'package-lock.json', 'tsconfig.json'];
const RECORD = '.inputs.json';

/** Whether dist/ was built from the files as they are now. */
export async function isFresh(root: string, dist: string): Promise<boolean> {
  try {
    await stat(path.join(dist, 'main.js'));
    const record = JSON.parse(await readFile(path.join(dist, RECORD), 'utf8')) as { inputs: string[]; state: string };
    return (await stateOf(root, record.inputs)) === record.state;
  } catch {
    // Never built, or an input is gone.
    return false;
  }
}

export async function recordInputs(root: string, dist: string, inputs: string[]): Promise<void> {
  const all = [...new Set([...SCRIPTS, ...SETTINGS, ...inputs])].filter(
    (input) => !input.startsWith('<') && !/^\(disabled\)|^(?:over-rest|builtin):/.test(input),
  );
  await writeFile(path.join(dist, RECORD), JSON.stringify({ inputs: all, state: await stateOf(root, all) }));
}

/** Own files by their contents (a checkout changes their times), libraries by size and time, because they are thousands. */
async function stateOf(root: string, inputs: string[]): Promise<string> {
  const lines = await Promise.all(
    inputs.map(async (input) => {
      const file = path.join(root, input);
      if (!input.startsWith('node_modules/'))
        return `${input} ${createHash('sha256')
          .update(await readFile(file))
          .digest('hex')}`;
      const { size, mtimeMs } = await stat(file);
      return `${input} ${size} ${mtimeMs}`;
    }),
  );
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
