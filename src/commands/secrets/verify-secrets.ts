import { UserError } from '../../errors.ts';
import { hasGrant } from '../../gcp/iam-policy.ts';
import { projectPolicy } from '../../gcp/projects.ts';
import { secretPolicy } from '../../gcp/secret-policy.ts';
import { accessVersion, listVersions } from '../../gcp/secret-versions.ts';
import { getInstance } from '../../gcp/sql.ts';
import { listUsers } from '../../gcp/sql-content.ts';
import { readPins } from '../../project/pin-secrets.ts';
import { checkServer } from '../../project/server-check.ts';
import { accountGrant } from '../../stack/access.ts';
import { SECRET_KEYS, type SecretKey } from '../../stack/deployment.ts';
import { databaseLogin } from '../../stack/secret-values.ts';
import { settle } from '../../stack/settle.ts';
import { unlessDisabled } from '../../stack/unless-disabled.ts';
import type { Context } from '../command.ts';
import { readClientSettings } from '../server-access.ts';
import type { OpenSecrets } from './open-secrets.ts';
import { checkDatabaseUrl, checkSecret } from './secret-checks.ts';

export interface Check {
  check: string;
  ok: boolean;
  detail: string;
  /** The command that mends it. */
  fix?: string;
}

type Parts = Pick<Context, 'deps' | 'settings'>;
const ACCESSOR = 'roles/secretmanager.secretAccessor';

/** Every check, in the order in which a request depends on them. */
export async function verifySecrets(parts: Parts, open: OpenSecrets): Promise<Check[]> {
  const own = (await settle(SECRET_KEYS.map((key) => verifySecret(open, key)))).flat();
  const newest = new Map(own.map(({ name, version }) => [name, version]));
  const pins = await verifyPins(parts, open, newest);
  const [database, server] = await settle([verifyDatabase(open), verifyServer(parts, open)]);
  return [...own.flatMap(({ checks }) => checks), ...pins, database, server];
}

async function verifySecret(open: OpenSecrets, key: SecretKey) {
  const { google, deployment } = open;
  const name = deployment.secrets[key];
  const args = { project: deployment.project, secretId: name };
  const [latest] = (await unlessDisabled(listVersions(google, args))) ?? [];
  if (latest === undefined)
    return { name, version: undefined, checks: [fail(name, 'there is no version of it', 'mlflow-gcp init')] };
  if (latest.state !== 'ENABLED') {
    const fix = `gcloud secrets versions enable ${latest.version} --secret=${name} --project=${deployment.project}`;
    return { name, version: undefined, checks: [fail(name, `version ${latest.version} is ${latest.state.toLowerCase()}`, fix)] };
  }
  const [current, readable] = await settle([accessVersion(google, args), mayRead(open, name)]);
  const verdict = current === undefined ? 'it cannot be read' : checkSecret(deployment, key, current.value);
  const value =
    verdict === true
      ? ok(name, `version ${latest.version} is enabled`)
      : fail(name, `version ${latest.version}: ${verdict}`, `mlflow-gcp secrets set ${key}`);
  const access = readable
    ? ok(`${name}: access`, `${deployment.serverAccount} may read it`)
    : fail(`${name}: access`, `${deployment.serverAccount} may not read it`, 'mlflow-gcp init');
  return { name, version: latest.version, checks: [value, access] };
}

/** By a grant on the secret, as we make it, or on the whole project. */
async function mayRead({ google, deployment }: OpenSecrets, secretId: string): Promise<boolean> {
  const grant = accountGrant(ACCESSOR, deployment.serverAccount);
  if (hasGrant(await secretPolicy(google, { project: deployment.project, secretId }).read(), grant)) return true;
  return hasGrant(await projectPolicy(google, { project: deployment.project }).read(), grant);
}

async function verifyPins(
  { settings }: Parts,
  { deployment, serving }: OpenSecrets,
  newest: Map<string, string | undefined>,
): Promise<Check[]> {
  const checks: Check[] = [];
  const written = await readPins(settings.dir.value);
  if (written?.service === deployment.service.name) checks.push(comparePins('service.yaml', written.versions, newest));
  const { revision } = serving ?? {};
  checks.push(
    revision === undefined
      ? fail('Serving revision', 'no revision serves', 'mlflow-gcp deploy')
      : comparePins(`Revision ${revision.name}`, revision.secretVersions, newest),
  );
  return checks;
}

function comparePins(check: string, pinned: Record<string, string>, newest: Map<string, string | undefined>): Check {
  const wrong = [...newest].filter(([name, version]) => version !== undefined && pinned[name] !== version);
  if (wrong.length === 0) return ok(check, 'pins the newest version of each');
  const detail = wrong.map(
    ([name, version]) => `${name} is ${pinned[name] === undefined ? 'not named' : `at ${pinned[name]}`}, newest is ${version}`,
  );
  return fail(check, detail.join('; '), 'mlflow-gcp deploy');
}

async function verifyDatabase({ google, deployment }: OpenSecrets): Promise<Check> {
  const check = 'Database';
  const { project, sqlInstance } = deployment;
  const args = { project, instance: sqlInstance };
  const instance = await unlessDisabled(getInstance(google, args));
  if (instance === undefined) return fail(check, `there is no instance ${sqlInstance}`, 'mlflow-gcp init');
  if (instance.state !== 'RUNNABLE') {
    const fix = `gcloud sql instances patch ${sqlInstance} --activation-policy=ALWAYS --project=${project}`;
    return fail(check, `instance ${sqlInstance} is ${instance.state}`, fix);
  }
  const secretId = deployment.secrets.database_url;
  const [url, users] = await settle([unlessDisabled(accessVersion(google, { project, secretId })), listUsers(google, args)]);
  const verdict = url === undefined ? 'its URL cannot be read' : checkDatabaseUrl(deployment, url.value);
  if (verdict !== true) return fail(check, verdict, 'mlflow-gcp init');
  const user = url && databaseLogin(url.value)?.user;
  if (!users.some(({ name }) => name === user))
    return fail(check, `instance ${sqlInstance} has no user ${user}`, 'mlflow-gcp init');
  return ok(check, `the URL leads user ${user} to ${deployment.database.name} in ${sqlInstance}, which runs`);
}

async function verifyServer({ deps }: Parts, { google, deployment, serving }: OpenSecrets): Promise<Check> {
  const check = 'Server';
  if (serving === undefined) return fail(check, 'it is not deployed', 'mlflow-gcp deploy');
  try {
    const { target } = google;
    const client = await readClientSettings(google, deployment.project, deployment.name);
    const proxyFor = (host: string) => target.proxyFor(host);
    await checkServer(client, { proxyFor, authorities: target.authorities, signal: deps.signal });
    return ok(check, 'accepts the username and the password');
  } catch (error) {
    if (!(error instanceof UserError) || deps.signal.aborted) throw error;
    return fail(check, error.message, error.hint);
  }
}

function ok(check: string, detail: string): Check {
  return { check, ok: true, detail };
}

function fail(check: string, detail: string, fix: string): Check {
  return { check, ok: false, detail, fix };
}
