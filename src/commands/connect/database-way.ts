import path from 'node:path';
import { UserError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import { accessVersion } from '../../gcp/secret-versions.ts';
import { getInstance, type SqlInstance } from '../../gcp/sql.ts';
import { cachedFile, cacheFolder } from '../../project/cache-folder.ts';
import { writeClientCertFiles } from '../../project/client-cert-files.ts';
import type { DatabaseAccess, TlsFiles } from '../../project/database-client.ts';
import { clientKeySecret, keyFits, readClientIdentity } from '../../stack/client-certificate.ts';
import { connectionName, type Deployment } from '../../stack/deployment.ts';
import { databaseLogin } from '../../stack/secret-values.ts';
import { unlessDisabled } from '../../stack/unless-disabled.ts';

/** What the Cloud SQL Auth Proxy listens on unless told otherwise. */
const USUAL_PORTS = { postgres: 5432, mysql: 3306 };

export interface Wish {
  via: 'direct' | 'proxy' | undefined;
  /** Absolute. */
  clientCertDir: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}
export interface Way {
  access: DatabaseAccess;
  via: 'direct' | 'proxy';
}

/** User and password of the database, from its secret. Throws a {@link UserError} SECRETS_MISSING. */
export async function readLogin(google: Google, project: string, name: string): Promise<{ user: string; password: string }> {
  const secretId = `${name}_database_url`;
  const found = await unlessDisabled(accessVersion(google, { project, secretId }));
  const login = found && databaseLogin(found.value);
  if (login !== undefined) return login;
  throw new UserError({
    code: 'SECRETS_MISSING',
    message: `Project ${project} has no database URL in ${secretId}: deployment ${name} is not there, or not finished.`,
    hint: 'Make it with `mlflow-gcp init`; another one is named with --name and --project.',
  });
}

/** The running instance of the deployment. Throws a {@link UserError} DATABASE_NOT_RUNNING. */
export async function readInstance(google: Google, { project, sqlInstance, name }: Deployment): Promise<SqlInstance> {
  const found = await unlessDisabled(getInstance(google, { project, instance: sqlInstance }));
  if (found?.state === 'RUNNABLE' && found.settings.activationPolicy !== 'NEVER') return found;
  throw new UserError({
    code: 'DATABASE_NOT_RUNNING',
    message: `Cloud SQL instance ${sqlInstance} of deployment ${name} in project ${project} ${found === undefined ? 'is not there' : 'does not run'}.`,
    hint: 'See and mend it with: mlflow-gcp init',
  });
}

/**
 * How a client on this machine gets to the database. Directly means the instance's own address: Google lets in nobody there whose network is not
 * among the authorised ones, which are none at first. The proxy gets in everywhere with a Google account, in every TLS mode.
 * https://docs.cloud.google.com/sql/docs/postgres/connect-overview
 */
export async function findWay(
  google: Google,
  deployment: Deployment,
  instance: SqlInstance,
  login: { user: string; password: string },
  wish: Wish,
): Promise<Way> {
  const { engine, name: database, user: owner } = deployment.database;
  const role = engine === 'postgres' && login.user !== owner ? { role: owner } : {};
  const common = { engine, database, ...login, ...role };
  const here = await google.target.reachableDatabase(connectionName(deployment));
  const admitted = (instance.settings.ipConfiguration?.authorizedNetworks ?? []).length > 0;
  const usual = here !== undefined || admitted || wish.clientCertDir !== undefined ? 'direct' : 'proxy';
  if ((wish.via ?? usual) === 'proxy')
    return { via: 'proxy', access: { ...common, host: '127.0.0.1', port: USUAL_PORTS[engine], tls: undefined } };
  const address = instance.ipAddresses?.find(({ type }) => type === 'PRIMARY')?.ipAddress;
  const connectorsOnly = instance.settings.connectorEnforcement === 'REQUIRED';
  if (here === undefined && (address === undefined || connectorsOnly)) throw notDirect(deployment);
  const tls = await tlsFiles(google, deployment, instance, wish);
  return { via: 'direct', access: { ...common, ...(here ?? { host: address ?? '', port: USUAL_PORTS[engine] }), tls } };
}

/** The server's authority is no secret: it goes into the cache. A private key goes only where it was asked for. */
async function tlsFiles(google: Google, deployment: Deployment, instance: SqlInstance, wish: Wish): Promise<TlsFiles> {
  const serverCa = instance.serverCaCert?.cert ?? '';
  if (wish.clientCertDir === undefined) {
    if (instance.settings.ipConfiguration?.sslMode === 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED') throw certificateNeeded(deployment);
    const name = `server-ca-${deployment.project}-${instance.name}.pem`.replaceAll(/[^\w.-]/g, '-');
    return { serverCa: await cachedFile(path.join(cacheFolder(wish.env), 'databases'), name, serverCa) };
  }
  const identity = await readClientIdentity(google, deployment);
  const { certificate, key } = identity;
  if (certificate === undefined || key === undefined || !keyFits(identity)) throw certificateMissing(deployment);
  return writeClientCertFiles(wish.clientCertDir, { key, certificate: certificate.cert, serverCa });
}

function notDirect({ sqlInstance, project }: Deployment): UserError {
  return new UserError({
    code: 'DATABASE_NOT_DIRECT',
    message: `Cloud SQL instance ${sqlInstance} in project ${project} has no public address, or admits Google’s connectors alone.`,
    hint: 'mlflow-gcp connect --database --via proxy',
  });
}

function certificateNeeded({ sqlInstance, project }: Deployment): UserError {
  return new UserError({
    code: 'CLIENT_CERT_NEEDED',
    message: `Cloud SQL instance ${sqlInstance} in project ${project} refuses direct connections without a client certificate.`,
    hint: 'Name a folder for its files: mlflow-gcp connect --database --client-cert-dir DIR — or: mlflow-gcp connect --database --via proxy',
  });
}

function certificateMissing(deployment: Deployment): UserError {
  const { sqlInstance, project } = deployment;
  return new UserError({
    code: 'CLIENT_CERT_MISSING',
    message: `Cloud SQL instance ${sqlInstance} in project ${project} has no client certificate of this deployment whose key is in ${clientKeySecret(deployment)}.`,
    hint: 'Make one with: mlflow-gcp init --client-cert',
  });
}
