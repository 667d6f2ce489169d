import path from 'node:path';
import { type Config, configSchema } from '../../project/config-schema.ts';
import { flagName } from '../../settings/names.ts';
import type { Settings } from '../../settings/settings.ts';
import { shellWord } from '../../ui/shell-word.ts';

/** What a run was given besides what stands in the config. */
export interface RepeatParts {
  config: Config;
  project: string;
  /** The project that the target itself has; the local one needs no naming. */
  defaultProject: string | undefined;
  settings: Pick<Settings, 'dir' | 'local' | 'file'>;
  cwd: string;
  username: string | undefined;
  /** The name of the file alone: what is in it is never shown. */
  passwordFile: string | undefined;
  deploy: boolean;
}

/** The values that have a flag, by its name as a camel-case option. */
function flagged(config: Config): Record<string, string | number | undefined> {
  const { region, name, database, artifacts, service } = config;
  return {
    region,
    name,
    tier: database.tier,
    databaseVersion: database.version,
    availability: database.availability,
    disk: database.diskGb,
    instance: database.instance,
    bucket: artifacts.bucket,
    memory: service.memory,
    cpu: service.cpu,
    minInstances: service.minInstances,
    maxInstances: service.maxInstances,
  };
}

/**
 * The command that makes the same set-up without a question: flags only where they differ from the defaults, quoted for a shell.
 * Values that no flag carries (edition, names of database and user) come from mlflow-gcp.yaml, which is then named.
 */
export function repeatCommand({
  config,
  project,
  defaultProject,
  settings,
  cwd,
  username,
  passwordFile,
  deploy,
}: RepeatParts): string {
  const defaults = configSchema.parse({});
  const usual = flagged(defaults);
  const { database } = config;
  const unflagged =
    database.edition !== defaults.database.edition ||
    database.name !== defaults.database.name ||
    database.user !== defaults.database.user;
  const folder = path.relative(cwd, settings.dir.value);
  const words = [
    ...['mlflow-gcp', 'init'],
    ...(settings.local ? ['--local'] : []),
    ...(settings.local && project === defaultProject ? [] : ['--project', project]),
    ...Object.entries(flagged(config)).flatMap(([key, value]) =>
      value === undefined || value === usual[key] ? [] : [flagName(key), String(value)],
    ),
    ...(database.requireClientCert ? ['--require-client-cert'] : database.clientCert ? ['--client-cert'] : []),
    ...(username === undefined ? [] : [`--username=${username}`]),
    ...(passwordFile === undefined ? [] : [`--password-file=${passwordFile}`]),
    ...(unflagged && settings.file !== undefined ? ['--config', path.relative(cwd, settings.file.path)] : []),
    ...(folder === '' ? [] : ['--dir', folder]),
    ...(deploy ? ['--deploy'] : []),
    '--yes',
  ];
  return words.map(shellWord).join(' ');
}
