import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { configText, findConfig, loadConfig } from '../../src/project/config.ts';

async function configFile(text: string): Promise<string> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-config-')), 'mlflow-gcp.yaml');
  await writeFile(file, text);
  return file;
}

test.each([
  ['project: my-project-1\ndatabase:\n  tierr: x\n', 3, 'unknown key database.tierr'],
  ['project: my-project-1\ndatabase:\n  tier: 5\n', 3, 'database.tier: expected string, received number; it is 5'],
  ['project: X\n', 1, 'project must be a project id'],
  ['region: us-central1\nname: "a\n', 3, 'not valid YAML'],
  ['name: mlflow\nservice: 5\n', 2, 'service: expected object'],
  ['- a\n', 1, 'the file: expected object'],
  ['name: Mlflow\n', 1, 'name must be a deployment name'],
  ['service:\n  minInstances: 1.5\n', 2, 'service.minInstances: expected int'],
  ['version: 2\n', 1, 'version: expected 1'],
])('%j is refused with its line and what was expected', async (text, line, what) => {
  const file = await configFile(text);
  const error = await loadConfig(file).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', exitStatus: 2 });
  expect((error as UserError).message).toContain(`${file}:${line}:`);
  expect((error as UserError).message).toContain(what);
});

test('what is written is read back as it was', async () => {
  const { config } = await loadConfig(
    await configFile('project: my-project-1\nname: team-a\nartifacts:\n  bucket: some-bucket\n'),
  );
  const again = await loadConfig(await configFile(configText(config)));
  expect(again.config).toEqual(config);
});

test('a missing file says how to make one', async () => {
  await expect(loadConfig('/nowhere/mlflow-gcp.yaml')).rejects.toMatchObject({
    code: 'CONFIG_UNREADABLE',
    hint: expect.stringContaining('mlflow-gcp init'),
  });
});

test('the file is found from a folder below, but not above the root of the repository', async () => {
  const file = await configFile('project: my-project-1\n');
  const root = path.dirname(file);
  const inner = path.join(root, 'repo', 'deep');
  await mkdir(inner, { recursive: true });
  expect(await findConfig(inner)).toBe(file);
  await mkdir(path.join(root, 'repo', '.git'));
  expect(await findConfig(inner)).toBeUndefined();
});
