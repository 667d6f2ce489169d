import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { cleanEnvironment } from '../support/program.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';
import { databaseAndServer } from './gcloud/database-and-server.ts';
import { edge } from './gcloud/edge.ts';
import { identityAndStorage } from './gcloud/identity-and-storage.ts';
import { organisation } from './gcloud/organisation.ts';
import type { Row } from './gcloud/row.ts';

// gcloud as it is on the machine, told of the simulator by proxy settings alone. It retries a 5xx for half a minute and refuses what
// does not fit its own generated classes, so that each command that goes through says much about the answers behind it.

const missing = ((): string | undefined => {
  try {
    execFileSync('gcloud', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'gcloud is not on PATH';
  }
})();
const ROW_MS = 60_000;
const MOST_FAILURES = 10;
const CONTACT = {
  email: 'ada@example.com',
  phoneNumber: '+1.8005550123',
  postalAddress: {
    regionCode: 'US',
    postalCode: '94043',
    administrativeArea: 'CA',
    locality: 'Mountain View',
    addressLines: ['1600 Amphitheatre Parkway'],
    recipients: ['Ada Lovelace'],
  },
};
/** What stays of a project that somebody has used: what cannot be deleted, what is kept so that it can be restored, sessions of uploads for a week, and Google's own bucket of logs. */
const STAYS = new RegExp(
  [
    'kernel.*|cloudbilling.projects|cloudbuild.builds|cloudresourcemanager.projects|domains.registrations|iam.policies|iam.roles',
    'iam.serviceAccounts|iam.workloadIdentity.*|iap.settings|logging.counts|registry.origins|serviceusage.services|sqladmin.deletedNames',
    'iam.deletedServiceAccounts|sqladmin.operations|storage.buckets|storage.objects|storage.uploads',
  ].join('|'),
);
const LARGE = randomBytes(40_000_000);

interface Outcome {
  status: number;
  out: string;
  err: string;
}

function environment(sim: TestSimulator, config: string): Record<string, string> {
  return cleanEnvironment({
    CLOUDSDK_CONFIG: config,
    CLOUDSDK_CORE_PROJECT: sim.project.projectId,
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
    CLOUDSDK_AUTH_ACCESS_TOKEN: 'anything',
    CLOUDSDK_PROXY_TYPE: 'http',
    CLOUDSDK_PROXY_ADDRESS: '127.0.0.1',
    CLOUDSDK_PROXY_PORT: String(sim.port),
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: sim.ca,
    TERM: 'dumb',
  });
}

/** What lies in the folder where the commands run. */
function fill(folder: string, project: string): void {
  writeFileSync(path.join(folder, 'small.txt'), 'hello there\n');
  writeFileSync(path.join(folder, 'large.bin'), LARGE);
  const bindings = [{ role: 'roles/iap.httpsResourceAccessor', members: ['user:a@example.com'] }];
  writeFileSync(path.join(folder, 'policy.json'), JSON.stringify({ bindings }));
  const orgPolicy = { name: `projects/${project}/policies/sql.restrictPublicIp`, spec: { rules: [{ enforce: true }] } };
  writeFileSync(path.join(folder, 'org-policy.json'), JSON.stringify(orgPolicy));
  const programmaticClients = ['1.apps.googleusercontent.com'];
  writeFileSync(
    path.join(folder, 'iap-settings.json'),
    JSON.stringify({ accessSettings: { oauthSettings: { programmaticClients } } }),
  );
  writeFileSync(path.join(folder, 'contacts.json'), JSON.stringify({ allContacts: CONTACT }));
  mkdirSync(path.join(folder, 'source'));
  mkdirSync(path.join(folder, 'synchronised'));
  writeFileSync(path.join(folder, 'source', 'Dockerfile'), 'FROM mirror.gcr.io/library/python:3.13-slim\nCMD ["true"]\n');
  writeFileSync(path.join(folder, 'source', 'app.txt'), 'an app\n');
}

function wordsOf(command: string): string[] {
  return (command.match(/(?:"[^"]*"|\S)+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

function gcloud(args: string[], cwd: string, env: Record<string, string>, input = ''): Promise<Outcome> {
  const child = spawn('gcloud', args, { cwd, env, stdio: 'pipe' });
  const timer = setTimeout(() => child.kill('SIGKILL'), ROW_MS);
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  // Some end without reading it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ status: code ?? -1, ...texts });
    });
  });
}

/** Replaces `$NAME` everywhere, and patterns by what matches them. */
function expected(value: unknown, fillIn: (text: string) => string): unknown {
  if (typeof value === 'string') return fillIn(value);
  if (value instanceof RegExp) return expect.stringMatching(value);
  if (Array.isArray(value)) return value.map((item) => expected(item, fillIn));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, expected(item, fillIn)]));
}

function check(row: Row, outcome: Outcome, fillIn: (text: string) => string): void {
  const { out } = row;
  const stdout = outcome.out.trim();
  expect(outcome.status).toBe(row.status ?? 0);
  if (typeof out === 'string') expect(stdout).toBe(fillIn(out));
  else if (out instanceof RegExp) expect(stdout).toMatch(out);
  else if (out) expect(JSON.parse(stdout)).toMatchObject(expected(out, fillIn) as object);
  if (row.err) expect(outcome.err.replace(/\r/g, '\n')).toMatch(row.err);
}

function failureOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function runAll(rows: Row[]): Promise<void> {
  const sim = await startTestSimulator();
  const folder = mkdtempSync(path.join(tmpdir(), 'gcloud-test-'));
  const kept = new Map([
    ['P', sim.project.projectId],
    ['N', sim.project.projectNumber],
  ]);
  const fillIn = (text: string): string => text.replace(/\$([A-Z]+)/g, (all, name: string) => kept.get(name) ?? all);
  try {
    fill(folder, sim.project.projectId);
    const env = environment(sim, path.join(folder, 'config'));
    const failures: string[] = [];
    for (const row of rows) {
      const outcome = await gcloud(wordsOf(fillIn(row.run)), folder, env, row.input);
      const failure = failureOf(() => check(row, outcome, fillIn));
      if (failure)
        failures.push(`gcloud ${fillIn(row.run)}\n${failure}\n--- exit ${outcome.status}\n${outcome.out}\n${outcome.err}`);
      if (row.keep) kept.set(row.keep, outcome.out.trim());
      // What follows rests on what failed.
      if (failures.length === MOST_FAILURES) break;
    }
    expect(failures.join('\n\n')).toBe('');
    const back = path.join(folder, 'back.bin');
    if (existsSync(back)) expect(readFileSync(back).equals(LARGE)).toBe(true);
    expect(sim.bugs).toEqual([]);
    expect(Object.keys(await stateOf(sim)).filter((kind) => STAYS.exec(kind)?.[0] !== kind)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await sim.remove();
  }
}

async function stateOf(sim: TestSimulator): Promise<object> {
  return (await fetch(`http://127.0.0.1:${sim.port}/_simulator/state`)).json() as Promise<object>;
}

const sequences: Array<[string, Row[]]> = [
  ['projects, accounts, secrets and storage', identityAndStorage],
  ['Cloud SQL, images, builds and services', databaseAndServer],
  ['a load balancer and what stands around it', edge],
  ['roles, policies, projects, names and logs', organisation],
];

// Alone on two cores they take some three minutes; beside other work they may take more than the usual limit.
const LIMIT_MS = 900_000;
const title = `gcloud: %s${missing ? ` (skipped: ${missing})` : ''}`;

test.skipIf(missing).concurrent.each(sequences)(title, async (_name, rows) => runAll(rows), LIMIT_MS);
