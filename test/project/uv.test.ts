import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { UserError } from '../../src/errors.ts';
import { ensureUv, type UvOptions } from '../../src/project/uv.ts';
import { fakePath } from './fake-path.ts';

const MAKES_VENV = `
if [ "$2" = venv ]; then
  /bin/mkdir -p "$3/bin"
  /bin/cat > "$3/bin/python" <<'END'
#!/bin/sh
echo "$@" >> "$CALLS"
printf '#!/bin/sh\\necho uv 0.13.9\\n' > "\${0%python}uv"
/bin/chmod 755 "\${0%python}uv"
END
  /bin/chmod 755 "$3/bin/python"
fi`;

async function options(programs: Record<string, string>, python: string): Promise<UvOptions & { folder: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-uv-'));
  const requirements = path.join(folder, 'uv.txt');
  await writeFile(requirements, 'uv==0.13.9 \\\n    --hash=sha256:00\n');
  const interpreters = await fakePath({ python3: python });
  return {
    folder,
    env: { PATH: await fakePath(programs), CALLS: path.join(folder, 'calls') },
    cache: path.join(folder, 'cache'),
    requirements,
    python: async () => ({ path: path.join(interpreters, 'python3'), version: '3.12.0' }),
  };
}

async function failure(work: Promise<unknown>): Promise<UserError> {
  return work.then(
    () => expect.unreachable('it should have failed'),
    (cause: unknown) => cause as UserError,
  );
}

describe('ensureUv', () => {
  test('takes the uv on PATH without asking for Python', async () => {
    const given = await options({ uv: 'echo "uv 0.5.0 (abc 2024-11-07)"' }, 'exit 1');
    expect(await ensureUv({ ...given, python: () => expect.unreachable('Python is not needed') })).toBe('uv');
  });

  test.each([
    ['too old', 'echo uv 0.4.30'],
    ['broken', 'exit 1'],
    ['another program', 'echo hello'],
  ])('installs its own when the one on PATH is %s, once', async (_why, uv) => {
    const given = await options({ uv }, MAKES_VENV);
    const expected = path.join(given.cache, 'uv-0.13.9', 'uv');
    const told: string[] = [];
    expect(await ensureUv({ ...given, progress: (detail) => told.push(detail) })).toBe(expected);
    expect(told).toEqual(['installing uv 0.13.9']);
    expect(await ensureUv({ ...given, python: () => expect.unreachable('it is there already') })).toBe(expected);
    expect(await readdir(given.cache)).toEqual(['uv-0.13.9']);
  });

  test('two at once both get a whole one', async () => {
    const given = await options({}, MAKES_VENV);
    const found = await Promise.all([ensureUv(given), ensureUv(given), ensureUv(given)]);
    expect(new Set(found)).toEqual(new Set([path.join(given.cache, 'uv-0.13.9', 'uv')]));
    expect(await readdir(given.cache)).toEqual(['uv-0.13.9']);
  });

  test('says what is missing when Python has no venv, and leaves nothing behind', async () => {
    const given = await options({}, 'echo "The virtual environment was not created: ensurepip is not available." >&2; exit 1');
    const error = await failure(ensureUv(given));
    expect(error.code).toBe('PYTHON_VENV_MISSING');
    expect(error.message).toContain('ensurepip is not available');
    expect(error.hint).toContain('python3-venv');
    expect(await readdir(given.cache)).toEqual([]);
  });

  test('says why pip failed', async () => {
    const pip = '#!/bin/sh\necho "ERROR: No matching distribution found for uv" >&2\nexit 1';
    const given = await options({}, `/bin/mkdir -p "$3/bin"; printf '${pip}' > "$3/bin/python"; /bin/chmod 755 "$3/bin/python"`);
    const error = await failure(ensureUv(given));
    expect(error.code).toBe('UV_INSTALL_FAILED');
    expect(error.message).toContain('No matching distribution found for uv');
  });

  test('says that the cache cannot be written to', async () => {
    const given = await options({}, MAKES_VENV);
    await writeFile(given.cache, 'a file where the folder should be');
    const error = await failure(ensureUv(given));
    expect(error.code).toBe('CACHE_NOT_WRITABLE');
    expect(error.message).toContain(given.cache);
  });
});
