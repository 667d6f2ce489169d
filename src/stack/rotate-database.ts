import { UserError } from '../errors.ts';
import type { Google } from '../gcp/google.ts';
import { accessVersion, addVersion, type SecretVersion } from '../gcp/secret-versions.ts';
import { createUser, listUsers, setUserPassword } from '../gcp/sql-content.ts';
import type { Deployment } from './deployment.ts';
import { memberRoles, placeOfUsers } from './resources/database.ts';
import { databaseLogin, databaseUrl, databaseUsers, newPassword } from './secret-values.ts';
import type { Serving } from './serving.ts';

/*
 * Why two users. With one password a user, so a new one for the user in use locks out what serves: connections that are open
 * live on, but a pool opens more under load, an instance that Cloud Run adds opens its first, and both would fail until the new revision
 * serves, which takes from seconds to minutes. With two users that take turns, the one that gets a new password is always the one that
 * nobody uses. The second is made by the API as a member of the first (`databaseRoles`) and works in its name (`role` in the URL), so that
 * all tables keep one owner and either of them can migrate them; members of `cloudsqlsuperuser` alone may not touch each other's tables.
 * MySQL could keep an old password beside the new one (RETAIN CURRENT PASSWORD), but only the last one: a second try after a killed run
 * would throw out the very password that serves. https://dev.mysql.com/doc/refman/8.4/en/password-management.html#dual-passwords
 * https://docs.cloud.google.com/sql/docs/postgres/users, https://www.postgresql.org/docs/current/role-membership.html
 */

/** Gives the idle database user a new password and the secret a version with its URL, in this order: whoever finds the version can use it. */
export async function nextDatabaseUrl(
  google: Google,
  deployment: Deployment,
  { serving, newest }: { serving: Serving | undefined; newest: string },
): Promise<SecretVersion> {
  const place = placeOfUsers(deployment);
  const secret = { project: deployment.project, secretId: deployment.secrets.database_url };
  const inUse = await userOfVersion(google, deployment, serving?.revision?.secretVersions[secret.secretId] ?? newest);
  const [owner, member] = databaseUsers(deployment);
  const user = inUse === member ? owner : member;
  const password = newPassword();
  const roles = user === member ? memberRoles(deployment) : {};
  const { created } = await createUser(google, { ...place, user, password, ...roles });
  if (!created) await setUserPassword(google, { ...place, user, password });
  return addVersion(google, { ...secret, value: databaseUrl(deployment, password, user) });
}

/** Gives the users that this version does not name a password that nobody knows. */
export async function retireIdleUsers(google: Google, deployment: Deployment, version: string): Promise<void> {
  const place = placeOfUsers(deployment);
  const inUse = await userOfVersion(google, deployment, version);
  const there = await listUsers(google, place);
  for (const user of databaseUsers(deployment)) {
    if (user === inUse || !there.some(({ name }) => name === user)) continue;
    await setUserPassword(google, { ...place, user, password: newPassword() });
  }
}

/** Throws DATABASE_SECRET_UNUSABLE where the version is disabled, or is no URL with one of our users. */
async function userOfVersion(google: Google, deployment: Deployment, version: string): Promise<string> {
  const secretId = deployment.secrets.database_url;
  const secret = await accessVersion(google, { project: deployment.project, secretId, version });
  const user = secret && databaseLogin(secret.value)?.user;
  if (user !== undefined && databaseUsers(deployment).includes(user)) return user;
  throw new UserError({
    code: 'DATABASE_SECRET_UNUSABLE',
    message: `Version ${version} of secret ${secretId} in project ${deployment.project} is not a database URL of this deployment that can be read.`,
    hint: 'See what is wrong with it: mlflow-gcp secrets verify',
  });
}
