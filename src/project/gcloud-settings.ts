import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { readGivenFile } from './given-file.ts';
import type { Environment } from './tool.ts';

/** What gcloud, which has its own sign-in, is set to. */
export interface GcloudSettings {
  /** Whether there is a gcloud on PATH. */
  installed: boolean;
  /** Email that its commands run as; undefined where nobody is signed in. */
  account: string | undefined;
  /** Service account that it stands in for at each call. */
  impersonates: string | undefined;
  project: string | undefined;
  region: string | undefined;
}

/**
 * Reads gcloud's active configuration from its files and variables, without starting it: that takes a second.
 * https://docs.cloud.google.com/sdk/docs/configurations https://docs.cloud.google.com/sdk/docs/properties
 */
export async function readGcloudSettings(env: Environment): Promise<GcloudSettings> {
  const folder = configFolder(env);
  const [installed, properties] = await Promise.all([isOnPath('gcloud', env), activeProperties(folder, env)]);
  const property = (name: string, variable: string): string | undefined =>
    env[variable]?.trim() || properties.get(name) || undefined;
  return {
    installed,
    account: property('core/account', 'CLOUDSDK_CORE_ACCOUNT'),
    impersonates: property('auth/impersonate_service_account', 'CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT'),
    project: property('core/project', 'CLOUDSDK_CORE_PROJECT'),
    region: property('compute/region', 'CLOUDSDK_COMPUTE_REGION'),
  };
}

/** Whether a program of this name can be started. */
export async function isOnPath(name: string, env: Environment): Promise<boolean> {
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const found = await Promise.all(folders.map((folder) => readable(path.join(folder, name), constants.X_OK)));
  return found.includes(true);
}

function configFolder(env: Environment): string {
  return env['CLOUDSDK_CONFIG'] || path.join(env['HOME'] || homedir(), '.config', 'gcloud');
}

async function activeProperties(folder: string, env: Environment): Promise<Map<string, string>> {
  const named = env['CLOUDSDK_ACTIVE_CONFIG_NAME'] || (await textOf(path.join(folder, 'active_config'))).trim() || 'default';
  return parseProperties(await textOf(path.join(folder, 'configurations', `config_${named}`)));
}

/** An INI file, as `section/name` by value. */
function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    section = /^\s*\[([^\]]+)\]/.exec(line)?.[1] ?? section;
    const [, name, value] = /^\s*([A-Za-z_]\w*)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value) properties.set(`${section}/${name}`, value);
  }
  return properties;
}

/** Empty for a file that is not there or may not be read: gcloud is then set to nothing that we could know. */
async function textOf(file: string): Promise<string> {
  try {
    return await readGivenFile(file);
  } catch {
    return '';
  }
}

async function readable(file: string, mode: number): Promise<boolean> {
  try {
    await access(file, mode);
    return true;
  } catch {
    return false;
  }
}
