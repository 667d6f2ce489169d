import { randomBytes } from 'node:crypto';
import { LONGEST_USER } from '../project/database-engines.ts';
import { connectionName, type Deployment, type SecretKey } from './deployment.ts';
import { ENGINE_FACTS } from './engine-facts.ts';
import type { StackContext } from './resource.ts';

export interface SecretValue {
  value: string;
  /** Made up here: only for a secret that has no value yet. Otherwise the value is what the secret has to hold. */
  generated: boolean;
}

/** 192 bits in letters that need no quoting in URLs, shells or YAML. */
export function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** What a secret holds, or is given at first. */
export function secretValue(
  { deployment, credentials }: Pick<StackContext, 'deployment' | 'credentials'>,
  key: SecretKey,
): SecretValue {
  switch (key) {
    case 'artifact_url':
      return { value: `gs://${deployment.artifactBucket}`, generated: false };
    case 'tracking_url':
      return { value: deployment.url, generated: false };
    case 'tracking_username':
      return { value: credentials.username ?? 'mlflow', generated: credentials.username === undefined };
    case 'tracking_password':
      return { value: credentials.password ?? newPassword(), generated: credentials.password === undefined };
    case 'database_url':
      return { value: databaseUrl(deployment, newPassword()), generated: true };
  }
}

/**
 * The SQLAlchemy URL over Cloud Run's socket. The socket is inside the connector's own TLS tunnel and speaks the database's plain
 * language, so nothing about TLS belongs here. https://docs.cloud.google.com/run/docs/configuring/connect-cloudsql
 */
export function databaseUrl(deployment: Deployment, password: string, user: string = deployment.database.user): string {
  const { user: owner, name, engine } = deployment.database;
  const { scheme, socketParameter, urlParameters } = ENGINE_FACTS[engine];
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  // PostgreSQL's tables belong to the role that makes them: the second user works in the name of the first, so that a migration finds
  // one owner. In MySQL nobody owns a table.
  const role: Record<string, string> = user === owner || engine !== 'postgres' ? {} : { options: `-c role=${owner}` };
  const parameters = Object.entries({ ...urlParameters, ...role }).map(([key, value]) => `&${key}=${encodeURIComponent(value)}`);
  const socket = `${socketParameter}=/cloudsql/${connectionName(deployment)}`;
  return `${scheme}://${login}@/${encodeURIComponent(name)}?${socket}${parameters.join('')}`;
}

/**
 * The users that the server signs in as by turns: a password is changed by taking the other user into use. In PostgreSQL the first owns
 * the tables, the second is its member.
 */
export function databaseUsers({ database }: Pick<Deployment, 'database'>): [string, string] {
  const { user, engine } = database;
  const second = `${user.slice(0, LONGEST_USER[engine] - 2)}_b`;
  return [user, second === user ? `${second.slice(0, -1)}c` : second];
}

/** User and password of such a URL; undefined where the text is not one. */
export function databaseLogin(url: string): { user: string; password: string } | undefined {
  const match = /^(?:postgresql\+psycopg2|mysql\+pymysql):\/\/([^:@/]+):([^@/]+)@/.exec(url);
  if (match === null) return undefined;
  return { user: decodeURIComponent(match[1] ?? ''), password: decodeURIComponent(match[2] ?? '') };
}
