import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import packageFile from '../../package.json' with { type: 'json' };
import { configText, loadConfig } from '../../src/project/config.ts';
import { configSchema } from '../../src/project/config-schema.ts';
import { packageRoot, runInMemory, temporaryFolder } from '../support/program.ts';

const schema = JSON.parse(readFileSync(path.join(packageRoot, 'docs/mlflow-gcp.schema.json'), 'utf8')) as object;
const accepts = new Ajv({ strict: true, allowUnionTypes: false }).compile(schema);

/** What the program itself says of the file: read as a command reads it, names and project checked too. */
async function programAccepts(text: string): Promise<boolean> {
  const file = path.join(temporaryFolder(), 'mlflow-gcp.yaml');
  writeFileSync(file, text);
  const { stdout } = await runInMemory(['model', '--dry-run', '--json', '--config', file], {});
  const { ok, error } = JSON.parse(stdout) as { ok: boolean; error?: { code: string } };
  if (!ok) expect(['CONFIG_INVALID', 'INVALID_VALUE']).toContain(error?.code);
  return ok;
}

const good: unknown[] = [
  {},
  { version: 1 },
  { target: 'local' },
  { project: 'my-project-123', region: 'europe-west1', name: 'team-a' },
  { project: 'example.com:old-project' },
  { database: { tier: 'db-custom-2-7680', availability: 'REGIONAL', diskGb: 65536, version: 'POSTGRES_14' } },
  { database: {} },
  {
    database: { instance: 'shared', name: 'ml_flow', user: 'ml-flow', edition: 'ENTERPRISE_PLUS', tier: 'db-perf-optimized-N-2' },
  },
  { artifacts: { bucket: 'some.bucket_of-ours' } },
  { service: { cpu: '500m', memory: '512Mi', minInstances: 0, maxInstances: 100 } },
];
const bad: unknown[] = [
  { version: 2 },
  { version: '1' },
  { target: 'aws' },
  { project: 'x' },
  { project: 'UPPER-case' },
  { project: '123456789012' },
  { project: null },
  { region: 'us-central1-a' },
  { region: 'eu' },
  { name: 'ends-' },
  { name: 'a'.repeat(24) },
  { name: 'my-google-flow' },
  { name: 7 },
  { nmae: 'mlflow' },
  { database: { tiers: 'db-f1-micro' } },
  { database: { tier: 'large' } },
  { database: { version: 'POSTGRES_13' } },
  { database: { version: 18 } },
  { database: { diskGb: 9 } },
  { database: { diskGb: 10.5 } },
  { database: { diskGb: '10' } },
  { database: { edition: 'enterprise' } },
  { database: { name: 'has space' } },
  { database: null },
  { database: [] },
  { artifacts: { bucket: 'my-google-bucket' } },
  { artifacts: { bucket: 'UPPER' } },
  { artifacts: 'bucket' },
  { service: { cpu: 1 } },
  { service: { cpu: '3' } },
  { service: { memory: '1G' } },
  { service: { minInstances: -1 } },
  { service: { maxInstances: 0 } },
  { service: { maxInstances: 101 } },
];

describe('docs/mlflow-gcp.schema.json', () => {
  it.each(good.map((value) => [stringify(value).trim(), value] as const))(
    'takes %s, as the program does',
    async (text, value) => {
      expect({ program: await programAccepts(text), schema: accepts(value) }).toEqual({ program: true, schema: true });
    },
  );

  it.each(bad.map((value) => [stringify(value).trim(), value] as const))(
    'refuses %s, as the program does',
    async (text, value) => {
      expect({ program: await programAccepts(text), schema: accepts(value) }).toEqual({ program: false, schema: false });
    },
  );

  it('takes what init writes, and says what each key means', async () => {
    const text = configText(configSchema.parse({ project: 'my-project', artifacts: { bucket: 'mine' } }));
    const file = path.join(temporaryFolder(), 'mlflow-gcp.yaml');
    writeFileSync(file, text);
    await loadConfig(file);
    expect(accepts(parse(text))).toBe(true);
    const described = (node: { description?: string; properties?: Record<string, object> }, at: string): void => {
      expect(node.description, at).toMatch(/^\S.*\.$/);
      for (const [key, below] of Object.entries(node.properties ?? {})) described(below, `${at}.${key}`);
    };
    described(schema, 'the file');
  });

  it('is in the package', () => {
    expect(packageFile.files).toContain('docs/mlflow-gcp.schema.json');
  });
});
