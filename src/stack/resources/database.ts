import { USUAL_SECONDS } from '../../durations.ts';
import { UserError } from '../../errors.ts';
import { accessVersion, latestVersion } from '../../gcp/secret-versions.ts';
import { getSecret, patchSecret } from '../../gcp/secrets.ts';
import { getInstance } from '../../gcp/sql.ts';
import {
  createDatabase,
  createUser,
  deleteDatabase,
  deleteUser,
  getDatabase,
  listUsers,
  setUserPassword,
} from '../../gcp/sql-content.ts';
import { ENGINE_TITLES } from '../../project/database-engines.ts';
import type { Deployment } from '../deployment.ts';
import { ENGINE_FACTS } from '../engine-facts.ts';
import { contentNotOurs } from '../ownership.ts';
import type { Outcome, Resource, StackContext } from '../resource.ts';
import { databaseLogin, databaseUsers, newPassword } from '../secret-values.ts';
import { settle } from '../settle.ts';
import { unlessDisabled } from '../unless-disabled.ts';
import { secretResourceId } from './secret.ts';

/** On the database secret: the version whose password the database user was last given. */
export const APPLIED_LABEL = 'mlflow-gcp-applied';

/** MLflow's database in the instance. */
export function databaseResource(deployment: Deployment): Resource {
  const args = { project: deployment.project, instance: deployment.sqlInstance, database: deployment.database.name };
  return {
    id: 'database',
    title: `Database ${deployment.database.name}`,
    // In an instance of somebody else's the secret comes first: it tells that what follows is ours.
    dependsOn: ['sql-instance', ...(deployment.database.instance === undefined ? [] : [secretResourceId('database_url')])],
    usualSeconds: USUAL_SECONDS['sql.databases'],
    holdsData: true,
    async observe(context) {
      const [runs, begun] = await settle([instanceRuns(context), hasBegun(context)]);
      const there = runs && (await getDatabase(context.google, args)) !== undefined;
      if (there && !begun) throw contentNotOurs('database', args.database, deployment);
      return { action: there ? 'unchanged' : 'create', differences: [] };
    },
    async ensure({ google }) {
      const { charset, collation } = ENGINE_FACTS[deployment.database.engine];
      return (await createDatabase(google, { ...args, charset, collation })).created ? 'created' : 'unchanged';
    },
    async remove(context) {
      if (!(await instanceRuns(context)) || (await getDatabase(context.google, args)) === undefined) return 'absent';
      await deleteDatabase(context.google, args);
      return 'deleted';
    },
  };
}

/**
 * The database user that the server signs in as: the first of {@link databaseUsers}, or after a rotation the second. Its password is the
 * one in the secret, which therefore comes first. Google never tells a user's password, so a label on the secret remembers which of its
 * versions the user was last given.
 */
export function databaseUserResource(deployment: Deployment): Resource {
  const { user: owner } = deployment.database;
  const place = placeOfUsers(deployment);
  const secret = { project: deployment.project, secretId: deployment.secrets.database_url };
  const ensureUser = async (context: StackContext): Promise<Outcome> => {
    const { google } = context;
    const looks = [loginFromSecret(context), getSecret(google, secret), listUsers(google, place)] as const;
    const [{ version, user, password }, found, seen] = await settle(looks);
    // The owner comes first, as the second user is its member; out of use, it has a password that nobody knows.
    const own = await createUser(google, { ...place, user: owner, password: user === owner ? password : newPassword(), seen });
    const { created } =
      user === owner ? own : await createUser(google, { ...place, user, password, ...memberRoles(deployment), seen });
    const applied = found?.labels[APPLIED_LABEL] === version;
    if (!created && !applied) await setUserPassword(google, { ...place, user, password });
    if (applied) return created ? 'created' : 'unchanged';
    const [newest] = await settle([
      latestVersion(google, secret),
      patchSecret(google, { ...secret, labels: { ...found?.labels, [APPLIED_LABEL]: version } }),
    ]);
    // Another run put in a newer password meanwhile, and may have set it before we set ours: whoever comes last sets the newest.
    if (newest !== undefined && Number(newest.version) > Number(version)) await ensureUser(context);
    return created ? 'created' : 'updated';
  };
  return {
    id: 'database-user',
    title: `Database user ${owner}`,
    // Google runs one operation an instance at a time, so the user waits for the database rather than for a refusal.
    dependsOn: ['sql-instance', 'database', secretResourceId('database_url')],
    usualSeconds: USUAL_SECONDS['sql.users'],
    holdsData: true,
    async observe(context) {
      const { google } = context;
      const [runs, found, current] = await settle([
        instanceRuns(context),
        unlessDisabled(getSecret(google, secret)),
        unlessDisabled(accessVersion(google, secret)),
      ]);
      if (!runs) return { action: 'create', differences: [] };
      const users = (await listUsers(google, place)).map(({ name }) => name);
      const begun = found !== undefined || deployment.database.instance === undefined;
      if (!begun && users.includes(owner)) throw contentNotOurs('user', owner, deployment);
      const login = current && databaseLogin(current.value)?.user;
      if (!users.includes(owner) || (login !== undefined && !users.includes(login))) return { action: 'create', differences: [] };
      if (current !== undefined && found?.labels[APPLIED_LABEL] === current.version)
        return { action: 'unchanged', differences: [] };
      return { action: 'update', differences: [`password: that of version ${current?.version ?? '1'} of ${secret.secretId}`] };
    },
    ensure: ensureUser,
    async remove(context) {
      if (!(await instanceRuns(context))) return 'absent';
      const there = (await listUsers(context.google, place)).map(({ name }) => name);
      const ours = databaseUsers(deployment).filter((name) => there.includes(name));
      for (const user of ours.toReversed()) await deleteUser(context.google, { ...place, user });
      return ours.length > 0 ? 'deleted' : 'absent';
    },
  };
}

/** Where the deployment's database users are, for the calls that make and change them. */
export function placeOfUsers({ project, sqlInstance, database }: Deployment) {
  return { project, instance: sqlInstance, host: ENGINE_FACTS[database.engine].userHost };
}

/** The roles of the second user: in PostgreSQL it works in the name of the first. */
export function memberRoles({ database }: Deployment): { roles?: string[] } {
  return database.engine === 'postgres' ? { roles: [database.user] } : {};
}

/**
 * Whether an earlier run has been here. Databases and users have no labels: in an instance that the user named, what has our name before our
 * secret is there is somebody else's, and must neither be migrated nor be given another password.
 */
async function hasBegun({ google, deployment: { project, database, secrets } }: StackContext): Promise<boolean> {
  if (database.instance === undefined) return true;
  return (await unlessDisabled(getSecret(google, { project, secretId: secrets.database_url }))) !== undefined;
}

async function instanceRuns({ google, deployment }: StackContext): Promise<boolean> {
  const found = await getInstance(google, { project: deployment.project, instance: deployment.sqlInstance });
  // A stopped instance says RUNNABLE too: https://docs.cloud.google.com/sql/docs/postgres/start-stop-restart-instance
  return found?.state === 'RUNNABLE' && found.settings?.activationPolicy !== 'NEVER';
}

async function loginFromSecret({
  google,
  deployment,
}: StackContext): Promise<{ version: string; user: string; password: string }> {
  const secretId = deployment.secrets.database_url;
  const secret = await accessVersion(google, { project: deployment.project, secretId });
  const login = secret === undefined ? undefined : databaseLogin(secret.value);
  if (secret !== undefined && login !== undefined && databaseUsers(deployment).includes(login.user))
    return { version: secret.version, ...login };
  throw new UserError({
    code: 'DATABASE_SECRET_UNUSABLE',
    message: `Secret ${secretId} in project ${deployment.project} does not hold a ${ENGINE_TITLES[deployment.database.engine]} URL for user ${deployment.database.user}.`,
    hint: `Put the right URL in with: mlflow-gcp secrets set database_url — or delete the secret and run mlflow-gcp init again: gcloud secrets delete ${secretId} --project=${deployment.project}`,
  });
}
