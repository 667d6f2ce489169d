import { execFileSync, spawn } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Cloud, isRead, startCloud } from '../support/deployment.ts';
import { cleanEnvironment, temporaryFolder } from '../support/program.ts';

const gcloud = versionOf('gcloud');
/** gcloud of mid 2025 knows the versions up to this one. */
const VERSION = ['--database-version', 'POSTGRES_17', '--client-cert'];
const PASSWORD = 'correct-horse-battery-staple';

test.skipIf(gcloud === undefined)(
  'the gcloud script leaves the same state as init, and init finds nothing to do after it (skipped where gcloud is missing)',
  async () => {
    const [byScript, byInit] = [await startCloud(), await startCloud()];
    const plan = await byScript.run('init', '--dry-run', '--plan-format', 'gcloud', ...VERSION, '--username', 'ada');
    expect(plan.status).toBe(0);
    const script = await runScript(byScript, plan.stdout);
    expect(script.stderr).not.toContain('ERROR');
    expect(script.status).toBe(0);
    expect(script.stdout + script.stderr + plan.stdout).not.toContain(PASSWORD);
    expect((await byInit.run('init', '--yes', '--json', ...VERSION, '--username', 'ada')).status).toBe(0);
    expect(await stateOf(byScript)).toEqual(await stateOf(byInit));

    const before = (await byScript.requests()).length;
    const after = await byScript.run('init', '--yes', '--json', ...VERSION, '--username', 'ada');
    const { resources, folder } = JSON.parse(after.stdout);
    expect(new Set(resources.map(({ outcome }: { outcome: string }) => outcome))).toEqual(new Set(['unchanged']));
    // What a script cannot make.
    expect(folder.written).toContain('deploy/production/service.yaml');
    expect((await byScript.requests()).slice(before).filter((request) => !isRead(request))).toEqual([]);
    const again = await byScript.run('init', '--dry-run', '--plan-format', 'gcloud', ...VERSION, '--username', 'ada');
    expect(commandsOf(again.stdout)).toEqual([]);
  },
);

test.skipIf(gcloud === undefined)(
  'the script gives others the rights of the accounts, and init finds nothing to do after it (skipped where gcloud is missing)',
  async () => {
    const cloud = await startCloud();
    expect((await cloud.run('init', '--yes', ...VERSION)).status).toBe(0);
    const keyFile = path.join(temporaryFolder(), 'its keys', 'key.json');
    const args = [
      ...[...VERSION, '--impersonator', 'user:ada@example.com', '--credentials', 'key', '--key-file', keyFile],
      ...['--ci', 'github', '--github-repo', 'octo-org/wine'],
    ];
    const carryOut = async (): Promise<string> => {
      const plan = await cloud.run('init', '--dry-run', '--plan-format', 'gcloud', ...args);
      const script = await runScript(cloud, plan.stdout);
      expect(script).toMatchObject({ status: 0, stderr: expect.not.stringContaining('ERROR') });
      const after = await cloud.run('init', '--dry-run', '--json', ...args);
      const left = JSON.parse(after.stdout).plan.resources.filter(({ action }: { action: string }) => action !== 'unchanged');
      expect(left).toEqual([]);
      return plan.stdout;
    };
    await carryOut();
    expect([(await stat(keyFile)).mode & 0o777, (await stat(path.dirname(keyFile))).mode & 0o777]).toEqual([0o600, 0o700]);

    // What was deleted is brought back.
    const { projectId } = cloud.simulator.project;
    const pool = `https://iam.googleapis.com/v1/projects/${projectId}/locations/global/workloadIdentityPools/github-mlflow`;
    for (const url of [`${pool}/providers/github`, pool]) {
      await cloud.simulator.call('DELETE', url);
      await cloud.simulator.until(url, ({ state }) => state === 'DELETED');
    }
    expect(await carryOut()).toContain('workload-identity-pools undelete');
  },
);

function commandsOf(script: string): string[] {
  return script.split('\n').filter((line) => /^(?:retry )?gcloud\b/.test(line));
}

/** Runs the script with the real gcloud, which takes the simulator for Google Cloud. */
async function runScript(cloud: Cloud, text: string): Promise<{ status: number; stdout: string; stderr: string }> {
  const folder = temporaryFolder();
  const file = path.join(folder, 'setup.sh');
  await writeFile(file, text);
  const { simulator } = cloud;
  const env = cleanEnvironment({
    CLOUDSDK_CONFIG: path.join(folder, 'gcloud'),
    CLOUDSDK_CORE_PROJECT: simulator.project.projectId,
    CLOUDSDK_AUTH_ACCESS_TOKEN: 'token-of-a-person',
    CLOUDSDK_PROXY_TYPE: 'http',
    CLOUDSDK_PROXY_ADDRESS: '127.0.0.1',
    CLOUDSDK_PROXY_PORT: String(simulator.port),
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: simulator.ca,
    MLFLOW_TRACKING_PASSWORD: PASSWORD,
  });
  const child = spawn('bash', [file], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  return { status, stdout, stderr };
}

/** What tells how something came to be, counts it or dates it, and ids and certificates that are made up anew each time. */
const HISTORY = ['kernel.operations', 'sqladmin.locks'];
const VOLATILE =
  /^(?:etag|cert|certSerialNumber|sha1Fingerprint|changed|generation|metageneration|settingsVersion|uniqueId|uid|operation|resourceVersion|md5Hash|crc32c|sqladmin\.tls)$|(?:time|timestamp|expiry)$|(?:id)$/i;
const MADE_UP =
  /\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{40}\b|\b[0-9a-f]{32}\b|\b[0-9a-f]{16}\b|(?<=\bp\d{12}-)[0-9a-f]{6}\b|\b1\d{20}\b|\b\d{1,3}(?:\.\d{1,3}){3}\b/g;

async function stateOf(cloud: Cloud): Promise<unknown> {
  const state = (await cloud.simulator.control('GET', '/_simulator/state')).body as Record<string, object>;
  const kept = Object.entries(state).filter(([kind, records]) => !HISTORY.includes(kind) && Object.keys(records).length > 0);
  const text = JSON.stringify(Object.fromEntries(kept));
  return settled(JSON.parse(text.replaceAll(cloud.simulator.project.projectNumber, '000000000000')));
}

function settled(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(MADE_UP, '…');
  if (Array.isArray(value)) return value.map(settled).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  // A map that was sent empty is one that was not sent.
  const entries = Object.entries(value).filter(([, inner]) => typeof inner !== 'object' || JSON.stringify(inner) !== '{}');
  return Object.fromEntries(
    entries.map(([key, inner]) => [key.replaceAll(MADE_UP, '…'), VOLATILE.test(key) ? '…' : settled(inner)]),
  );
}

function versionOf(program: string): string | undefined {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
