import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Config, configSchema } from '../../project/config-schema.ts';
import { usualVersion } from '../../project/database-engines.ts';
import { flagName } from '../../settings/names.ts';
import type { OptionValues } from '../../settings/option.ts';
import type { Origin } from '../../settings/resolve-options.ts';
import type { Settings } from '../../settings/settings.ts';
import { shellWord } from '../../ui/shell-word.ts';
import { initOptions } from '../init.ts';

type InitOptions = OptionValues<typeof initOptions>;
type Key = keyof InitOptions;
type Value = string | number | boolean | Array<string | number> | undefined;

/** What a run was given besides what stands in the config. */
export interface RepeatParts {
  config: Config;
  project: string;
  /** The project that the target itself has; the local one needs no naming. */
  defaultProject: string | undefined;
  settings: Pick<Settings, 'dir' | 'local' | 'file'>;
  cwd: string;
  username: string | undefined;
  options: InitOptions;
  originOf(option: Key): Origin;
  deploy: boolean;
}

/** Options that the config has no place for, or that are answered otherwise: a profile stands for the sizes that are named. */
const TOLD_OTHERWISE: Key[] = ['profile', 'planFormat', 'username', 'deploy', 'newKey'];

/** The values of the config that an option carries, by its name. */
function configured({ database, artifacts, service, build, credentials, ci }: Config): Partial<Record<Key, Value>> {
  return {
    database: database.engine,
    tier: database.tier,
    databaseVersion: database.version === usualVersion(database.engine) ? undefined : database.version,
    availability: database.availability,
    disk: database.diskGb,
    instance: database.instance,
    clientCert: database.clientCert && !database.requireClientCert,
    requireClientCert: database.requireClientCert,
    bucket: artifacts.bucket,
    repository: build.repository,
    serviceAccount: service.serviceAccount,
    buildServiceAccount: build.serviceAccount,
    ingress: service.ingress,
    invoker: service.invoker,
    memory: service.memory,
    cpu: service.cpu,
    minInstances: service.minInstances,
    maxInstances: service.maxInstances,
    credentials: credentials.kind,
    impersonator: credentials.impersonators,
    keyFile: credentials.kind === 'key' ? credentials.keyFile : undefined,
    ci: ci.github && 'github',
    githubRepo: ci.github?.repository,
    githubBranch: ci.github?.branch === 'main' ? undefined : ci.github?.branch,
  };
}

/**
 * The command that makes the same set-up without a question: flags only where they differ from the defaults, quoted for a shell.
 * Options that stand in no config are repeated as they were given. Values that no flag carries (edition, names of database and user)
 * come from mlflow-gcp.yaml, which is then named.
 */
export function repeatCommand(parts: RepeatParts): string {
  const { config, project, defaultProject, settings, cwd, username, options, originOf, deploy } = parts;
  const defaults = configSchema.parse({});
  const unflagged = (['edition', 'name', 'user'] as const).some((key) => config.database[key] !== defaults.database[key]);
  const folder = path.relative(cwd, settings.dir.value);
  const has = configured(config);
  const usual = configured(defaults);
  const words = [
    ...['mlflow-gcp', 'init'],
    ...(settings.local ? ['--local'] : []),
    ...(settings.local && project === defaultProject ? [] : ['--project', project]),
    ...(['region', 'name'] as const).flatMap((key) => (config[key] === defaults[key] ? [] : [flagName(key), config[key]])),
    ...(Object.keys(initOptions) as Key[]).flatMap((key) => {
      if (TOLD_OTHERWISE.includes(key)) return [];
      if (key in has) return isDeepStrictEqual(has[key], usual[key]) ? [] : spoken(key, has[key]);
      return originOf(key) === 'default' ? [] : spoken(key, options[key]);
    }),
    ...spoken('username', username),
    ...(unflagged && settings.file !== undefined ? ['--config', path.relative(cwd, settings.file.path)] : []),
    ...(folder === '' ? [] : ['--dir', folder]),
    ...(deploy ? ['--deploy'] : []),
    '--yes',
  ];
  return words.map(shellWord).join(' ');
}

/** The option as words of a command line. A value that a person chose may begin with a hyphen. */
function spoken(key: Key, value: Value): string[] {
  const flag = flagName(key);
  if (value === undefined || value === false) return [];
  if (value === true) return [flag];
  if (Array.isArray(value)) return value.map((one) => `${flag}=${one}`);
  return String(value).startsWith('-') ? [`${flag}=${value}`] : [flag, String(value)];
}
