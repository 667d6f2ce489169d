import type { sqladmin_v1 } from 'googleapis/build/src/apis/sqladmin/v1.js';
import { UserError } from '../errors.ts';
import { isNotFound, isPermissionDenied } from './errors.ts';
import type { Google } from './google.ts';
import type { Labels } from './labels.ts';
import type { WaitOptions } from './operations.ts';
import { createOrGet, type Made, poll } from './retry.ts';
import { changeInstance, lastFailure, type SqlOperation, waitSqlOperation } from './sql-operations.ts';

/** What we read of a Cloud SQL instance. https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/instances */
export interface SqlInstance {
  name: string;
  /** `PROJECT:REGION:NAME` */
  connectionName: string;
  region: string;
  databaseVersion: string;
  /** RUNNABLE, PENDING_CREATE, MAINTENANCE, FAILED, SUSPENDED, … */
  state: string;
  ipAddresses?: Array<{ type?: string; ipAddress?: string }>;
  serverCaCert?: { cert?: string; expirationTime?: string };
  settings: SqlSettings;
}
export interface SqlSettings {
  tier?: string;
  edition?: string;
  availabilityType?: string;
  activationPolicy?: string;
  /** int64 as text. */
  dataDiskSizeGb?: string;
  dataDiskType?: string;
  storageAutoResize?: boolean;
  storageAutoResizeLimit?: string;
  ipConfiguration?: {
    ipv4Enabled?: boolean;
    sslMode?: string;
    serverCaMode?: string;
    authorizedNetworks?: Array<{ name?: string; value?: string }>;
  };
  connectorEnforcement?: string;
  backupConfiguration?: {
    enabled?: boolean;
    startTime?: string;
    /** PostgreSQL's. */
    pointInTimeRecoveryEnabled?: boolean;
    /** MySQL's way to the same. */
    binaryLogEnabled?: boolean;
    transactionLogRetentionDays?: number;
    backupRetentionSettings?: { retentionUnit?: string; retainedBackups?: number };
  };
  deletionProtectionEnabled?: boolean;
  retainBackupsOnDelete?: boolean;
  databaseFlags?: Array<{ name: string; value: string }>;
  userLabels?: Labels;
  settingsVersion?: string;
}
/** What `instances.insert` takes. */
export interface NewSqlInstance {
  name: string;
  region: string;
  databaseVersion: string;
  rootPassword?: string;
  settings: SqlSettings;
}
/** What is known of an instance that was made a moment ago, without a look at it. */
export type RunningInstance = Pick<SqlInstance, 'name' | 'region' | 'databaseVersion' | 'state' | 'settings'>;
export interface InstanceArgs {
  project: string;
  instance: string;
}

/** A whole creation usually takes 4 to 12 minutes; Google itself lets it run for longer. */
const CREATION_TIMEOUT_MS = 45 * 60_000;

/** The instance, or undefined. https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/instances/get */
export async function getInstance(google: Google, args: InstanceArgs): Promise<SqlInstance | undefined> {
  const api = await google.apis.sqladmin();
  try {
    return (await api.instances.get({ project: args.project, instance: args.instance })).data as SqlInstance;
  } catch (error) {
    // For an instance that is not there the API answers 404 or, depending on the caller's roles, 403 notAuthorized.
    if (isNotFound(error) || isPermissionDenied(error, 'cloudsql.instances.get', 'notAuthorized')) return undefined;
    throw error;
  }
}

/** The instances of the project that carry all of these labels. */
export async function listInstances(google: Google, args: { project: string; labels: Labels }): Promise<SqlInstance[]> {
  const api = await google.apis.sqladmin();
  const filter = Object.entries(args.labels)
    .map(([key, value]) => `settings.userLabels.${key}:${value}`)
    .join(' AND ');
  const found: SqlInstance[] = [];
  let pageToken: string | undefined;
  do {
    const { data } = await api.instances.list({ project: args.project, filter, ...(pageToken && { pageToken }) });
    found.push(...((data.items ?? []) as SqlInstance[]));
    pageToken = data.nextPageToken || undefined;
  } while (pageToken !== undefined);
  // The filter's `:` matches parts of words too.
  return found.filter((instance) =>
    Object.entries(args.labels).every(([key, value]) => instance.settings.userLabels?.[key] === value),
  );
}

/**
 * Makes the instance, unless it is there, and waits until it is RUNNABLE. An answer that was lost is looked up by the name. A name
 * that was used by an instance deleted less than a week ago is refused by Google (409, code SQL_NAME_RESERVED).
 * https://docs.cloud.google.com/sql/docs/postgres/create-instance
 */
export async function createInstance(
  google: Google,
  args: { project: string; body: NewSqlInstance } & WaitOptions,
): Promise<Made<RunningInstance>> {
  const api = await google.apis.sqladmin();
  const instance = { project: args.project, instance: args.body.name };
  const { value, ...how } = await createOrGet<RunningInstance>(google, {
    create: async () => {
      const started = await api.instances.insert({
        project: args.project,
        requestBody: args.body as sqladmin_v1.Schema$DatabaseInstance,
      });
      const what = `creating Cloud SQL instance ${args.body.name}`;
      await waitSqlOperation(google, { timeoutMs: CREATION_TIMEOUT_MS, ...args, started: started.data as SqlOperation, what });
      // The operation is done when the instance runs: another look would tell nothing that is used.
      return { ...args.body, state: 'RUNNABLE' };
    },
    get: () => getInstance(google, instance),
  });
  return { value: value.state === 'RUNNABLE' ? value : await waitInstance(google, { ...args, ...instance }), ...how };
}

/** Waits until the instance is RUNNABLE, whoever is making or changing it. Throws SQL_INSTANCE_FAILED where it never will be. */
export function waitInstance(google: Google, args: InstanceArgs & WaitOptions): Promise<SqlInstance> {
  const start = google.clock.now();
  return poll(google, {
    what: `Cloud SQL instance ${args.instance} to be ready`,
    timeoutMs: args.timeoutMs ?? CREATION_TIMEOUT_MS,
    async attempt() {
      const instance = await getInstance(google, args);
      if (instance?.state === 'RUNNABLE') return instance;
      if (instance?.state === 'FAILED' || instance?.state === 'SUSPENDED') {
        throw instanceFailed(args, instance.state, await lastFailure(google, args).catch(() => undefined));
      }
      args.onPoll?.({ elapsedMs: google.clock.now() - start, metadata: { state: instance?.state } });
      return undefined;
    },
  });
}

/**
 * Changes the named settings and waits for it. What is left out stays; lists are replaced as a whole. Google runs one operation an
 * instance at a time, so this waits for others. https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/instances/patch
 */
export async function patchInstance(
  google: Google,
  args: InstanceArgs & { settings: SqlSettings } & WaitOptions,
): Promise<SqlInstance> {
  const api = await google.apis.sqladmin();
  await changeInstance(google, args, `changing Cloud SQL instance ${args.instance}`, async () => {
    const { project, instance, settings } = args;
    return (await api.instances.patch({ project, instance, requestBody: { settings: settings as sqladmin_v1.Schema$Settings } }))
      .data;
  });
  return waitInstance(google, args);
}

/**
 * Deletes the instance and waits; one that is not there is fine. Deletion protection has to be off. `finalBackupDays` keeps a last
 * backup for that long. The name stays reserved for a week.
 * https://docs.cloud.google.com/sql/docs/postgres/delete-instance
 */
export async function deleteInstance(
  google: Google,
  args: InstanceArgs & { finalBackupDays?: number } & WaitOptions,
): Promise<void> {
  const api = await google.apis.sqladmin();
  const { project, instance } = args;
  const backup =
    args.finalBackupDays === undefined ? {} : { enableFinalBackup: true, finalBackupTtlDays: String(args.finalBackupDays) };
  try {
    await changeInstance(
      google,
      args,
      `deleting Cloud SQL instance ${instance}`,
      async () => (await api.instances.delete({ project, instance, ...backup })).data,
    );
  } catch (error) {
    if ((await getInstance(google, args)) !== undefined) throw error;
  }
}

function instanceFailed(args: InstanceArgs, state: string, reason: string | undefined): UserError {
  return new UserError({
    code: 'SQL_INSTANCE_FAILED',
    message: `Cloud SQL instance ${args.instance} in project ${args.project} is ${state}, so it will not become ready by itself${reason === undefined ? '.' : `: ${reason}`}`,
    hint: `See what was done to it: gcloud sql operations list --instance=${args.instance} --project=${args.project}`,
    docs: 'https://docs.cloud.google.com/sql/docs/troubleshooting',
  });
}
