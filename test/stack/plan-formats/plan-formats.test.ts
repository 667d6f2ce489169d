// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shells and Terraform write their references so.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, test } from 'vitest';
import { gcloudScript } from '../../../src/stack/plan-formats/gcloud.ts';
import { hclText } from '../../../src/stack/plan-formats/hcl.ts';
import { jsonPlan } from '../../../src/stack/plan-formats/json.ts';
import { mermaidPlan } from '../../../src/stack/plan-formats/mermaid.ts';
import { terraformConfiguration } from '../../../src/stack/plan-formats/terraform.ts';
import { nothingToDo, planDocument } from './documents.ts';
import { parseHcl } from './parse-hcl.ts';

/** The longest names that are accepted, and user names of every sign that is. */
const ODD = [
  {},
  { project: 'example.com:app-1234', name: 'a'.repeat(23) },
  { project: `p${'x'.repeat(29)}`, name: `n${'-1'.repeat(11)}`, username: 'it\'s-"${odd}"$(id)`id`\\%{x}#;' },
  {
    username: '--flag=%s\\n',
    database: { user: '_', name: 'x-y', tier: 'db-custom-2-7680', availability: 'REGIONAL', diskGb: 99 },
  },
  { database: { engine: 'mysql', user: 'u'.repeat(32), name: 'x-y', availability: 'REGIONAL', tier: 'db-custom-2-7680' } },
];

/** What `bash` makes of the script's words, with every program replaced by one that prints its arguments. */
function traced(script: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mlflow-gcp-plan-'));
  try {
    const print =
      '#!/bin/bash\nprintf "<%s>" "${0##*/}" "$@" >>"$TRACE"; echo >>"$TRACE"\n[ "$3" = access ] && echo "postgresql+psycopg2://u:pass@/d"\n[ "$3" = describe ] && echo 1\n[ -t 0 ] || cat >>"$TRACE"\nexit 0\n';
    writeFileSync(path.join(folder, 'gcloud'), print, { mode: 0o755 });
    writeFileSync(path.join(folder, 'setup.sh'), script);
    const trace = path.join(folder, 'trace');
    execFileSync('bash', [path.join(folder, 'setup.sh')], {
      env: { PATH: `${folder}:${process.env['PATH']}`, TRACE: trace, MLFLOW_TRACKING_PASSWORD: 'the-password-given' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
    });
    return execFileSync('cat', [trace], { encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each(ODD)('for %j', (choices) => {
  const document = planDocument(choices);

  test('the gcloud script hands every name over as it is, and no password as an argument', () => {
    const lines = traced(gcloudScript(document));
    const { deployment } = document;
    expect(lines).toContain(`<gcloud><beta><sql><instances><create><${deployment.sqlInstance}><--project=${deployment.project}>`);
    expect(lines).toContain(`<--member=serviceAccount:${deployment.serverAccount}>`);
    expect(lines).toContain(`<--description=Made by mlflow-gcp for deployment ${deployment.name}>`);
    expect(lines).toContain(choices.username ?? 'mlflow');
    const commands = lines
      .split('\n')
      .filter((line) => line.startsWith('<gcloud>'))
      .map((line) => line.replace(/[^>]*$/, ''));
    expect(commands.join('\n')).not.toContain('the-password-given');
    expect(commands.join('\n')).not.toMatch(/pass@|--password/);
  });

  test('the Terraform configuration parses, and says the same', async () => {
    const { deployment } = document;
    const { resource } = (await parseHcl(terraformConfiguration(document))) as {
      resource: Record<string, Record<string, Array<Record<string, unknown>>>>;
    };
    expect(resource['google_sql_database_instance']?.['mlflow']?.[0]).toMatchObject({
      name: deployment.sqlInstance,
      database_version: deployment.database.version,
      settings: [{ tier: deployment.database.tier, edition: 'ENTERPRISE', ip_configuration: [{ ssl_mode: 'ENCRYPTED_ONLY' }] }],
    });
    expect(Object.keys(resource['google_secret_manager_secret'] ?? {})).toEqual(Object.keys(deployment.secrets).sort());
    expect(resource['google_storage_bucket']?.['artifacts']?.[0]).toMatchObject({
      name: deployment.artifactBucket,
      public_access_prevention: 'enforced',
      uniform_bucket_level_access: true,
    });
    const versions = resource['google_secret_manager_secret_version'];
    const plain = (text: unknown): string => String(text).replaceAll(/[$%](?=[$%]\{)/g, '');
    expect(plain(versions?.['tracking_username']?.[0]?.['secret_data'])).toBe(choices.username ?? 'mlflow');
    expect(versions?.['tracking_password']?.[0]?.['secret_data']).toBe('${random_password.tracking_password.result}');
    expect(versions?.['database_url']?.[0]?.['secret_data']).toContain(':${random_password.database_url.result}@/');
  });
});

test('MySQL has its log, its flag, its collation and the host of its user in both forms', async () => {
  const document = planDocument({ database: { engine: 'mysql' } });
  const lines = traced(gcloudScript(document));
  expect(lines).toMatch(/<instances><create><mlflow-mysql>.*<--database-version=MYSQL_8_4>.*<--enable-bin-log>/);
  expect(lines).toContain('<--database-flags=log_bin_trust_function_creators=on>');
  expect(lines).not.toContain('point-in-time');
  expect(lines).toMatch(/<databases><create><mlflow>.*<--charset=utf8mb4><--collation=utf8mb4_bin>/);
  expect(lines).toMatch(/<users><create><mlflow>.*<--host=%>/);
  const { resource } = (await parseHcl(terraformConfiguration(document))) as {
    resource: Record<string, Record<string, Array<Record<string, unknown>>>>;
  };
  expect(resource['google_sql_database_instance']?.['mlflow']?.[0]?.['settings']).toMatchObject([
    {
      backup_configuration: [{ enabled: true, binary_log_enabled: true }],
      database_flags: [{ name: 'log_bin_trust_function_creators', value: 'on' }],
    },
  ]);
  expect(resource['google_sql_database']?.['mlflow']?.[0]).toMatchObject({ charset: 'utf8mb4', collation: 'utf8mb4_bin' });
  expect(resource['google_sql_user']?.['mlflow']?.[0]).toMatchObject({ name: 'mlflow', host: '%' });
});

test('a text that is not HCL is refused by the parser of these tests', async () => {
  await expect(parseHcl('resource "a" {')).rejects.toThrow();
});

test('what is there already is neither made nor given a new value', async () => {
  const document = planDocument({}, nothingToDo());
  expect(gcloudScript(document)).not.toMatch(/^(?:retry )?gcloud/m);
  const configuration = (await parseHcl(terraformConfiguration(document))) as Record<string, unknown>;
  expect(configuration['import']).toHaveLength(12);
  expect(Object.keys(configuration['resource'] as object)).not.toContain('random_password');
  expect(Object.keys(configuration['resource'] as object)).not.toContain('google_sql_user');
});

test('labels and roles that are missing are mended by the script; settings of an instance are left to init', () => {
  const observed = {
    ...nothingToDo(),
    'sql-instance': { action: 'update' as const, differences: ['tier: db-g1-small → db-f1-micro'] },
    'secret-tracking_url': { action: 'update' as const, differences: ['a new version: its value changes'] },
  };
  const script = gcloudScript(planDocument({}, observed));
  expect(script).toContain('# tier: db-g1-small → db-f1-micro\n# Left to `mlflow-gcp init`');
  expect(script).toMatch(/^gcloud secrets update mlflow_tracking_url [^#]*--update-labels=managed-by=mlflow-gcp/m);
  expect(script).not.toContain('versions add');
});

test('the drawing holds every resource, every dependency, and no sign that Mermaid would take for its own', () => {
  const document = planDocument({}, { services: { action: 'update', differences: ['label "a" → <b>; [c]'] } });
  const drawing = mermaidPlan(document);
  const { items } = document.plan;
  expect(drawing.match(/:::(?:create|update|unchanged)$/gm)).toHaveLength(items.length);
  expect(drawing.match(/^ {2}r\d+ --> r\d+$/gm)).toHaveLength(items.flatMap(({ resource }) => resource.dependsOn).length);
  expect(drawing).toContain('label #34;a#34; → #60;b#62;#59; [c]');
});

test('the JSON form is the plan with its deployment', () => {
  const { resources, ...rest } = JSON.parse(jsonPlan(planDocument()));
  expect(rest).toMatchObject({ project: 'my-project-1', name: 'mlflow', changes: true, prices: { currency: 'USD' } });
  expect(resources[0]).toEqual({
    id: 'services',
    title: 'Google Cloud services',
    action: 'create',
    differences: [],
    usualSeconds: expect.any(Number),
    dependsOn: [],
  });
});

test('HCL is laid out as terraform fmt does', () => {
  const text = hclText([
    {
      kind: 'resource',
      labels: ['a', 'b'],
      values: { x: 1, long_name: '${y}', none: undefined, labels: { map: { k: 'v', 'a-b': true } }, z: [], list: ['p', 'q'] },
      blocks: [{ kind: 'inner' }],
    },
  ]);
  expect(text).toBe(
    'resource "a" "b" {\n  x         = 1\n  long_name = "$${y}"\n  labels = {\n    k   = "v"\n    a-b = true\n  }\n  z = []\n  list = [\n    "p",\n    "q",\n  ]\n\n  inner {\n  }\n}\n',
  );
});
