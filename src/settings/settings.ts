import path from 'node:path';
import type { Deps } from '../deps.ts';
import { UsageError } from '../errors.ts';
import { type ConfigFile, findConfig, loadConfig } from '../project/config.ts';
import type { globalOptions } from './global-options.ts';
import { envName } from './names.ts';
import { invalidValues, type Origin, type ResolvedOptions } from './resolve-options.ts';
import { checkName, checkProjectId, checkRegion } from './validators.ts';

/** A value with the name of the place it came from, for messages: `--project`, `GOOGLE_CLOUD_PROJECT`, a path, `default`. */
export interface Setting<T> {
  value: T;
  from: Origin;
}

/** What the global flags, the environment and `mlflow-gcp.yaml` say together. Everything in it has been checked for its form. */
export interface Settings {
  /** Undefined where nothing names a project. */
  project: Setting<string> | undefined;
  region: Setting<string>;
  name: Setting<string>;
  /** Absolute path: `--dir`, else the folder of the file that was found, else the current folder (`from` is `default`). */
  dir: Setting<string>;
  /** The mlflow-gcp.yaml that applies, read and checked; undefined where there is none, or the command does not use it. */
  file: ConfigFile | undefined;
  local: boolean;
  yes: boolean;
  noInput: boolean;
  dryRun: boolean;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  noColor: boolean;
}

/** The variables of Google's own tools, in the order in which they count. They speak of the real cloud: `--local` ignores them. */
const GOOGLE_PROJECT_VARIABLES = ['GOOGLE_CLOUD_PROJECT', 'CLOUDSDK_CORE_PROJECT'];
const GOOGLE_REGION_VARIABLES = ['CLOUDSDK_COMPUTE_REGION'];

/**
 * Puts the global settings together: a flag beats the environment, that beats mlflow-gcp.yaml, that beats the default.
 * `readsFile` false leaves mlflow-gcp.yaml unread, for commands that do not speak of a deployment.
 * Throws a {@link UsageError} for a value or a file that is not as it should be.
 */
export async function resolveSettings(
  { values, origins }: ResolvedOptions<typeof globalOptions>,
  deps: Deps,
  readsFile: boolean,
): Promise<Settings> {
  const file = readsFile ? await applicableFile(values.config, values.dir, deps) : undefined;
  const local = origins.local === 'default' ? file?.config.target === 'local' : values.local;
  const google = (names: string[]) => (local ? [] : names);
  const pick = (key: 'project' | 'region' | 'name', variables: string[]) =>
    firstOf(
      { value: values[key], from: origins[key] },
      ...variables.map((name) => ({ value: deps.env[name] || undefined, from: name })),
      { value: file?.raw[key] as string | undefined, from: file?.path ?? '' },
    );
  const settings: Settings = {
    ...values,
    local,
    project: pick('project', google(GOOGLE_PROJECT_VARIABLES)),
    region: pick('region', google(GOOGLE_REGION_VARIABLES)) ?? { value: 'us-central1', from: 'default' },
    name: pick('name', []) ?? { value: 'mlflow', from: 'default' },
    dir: folder(values.dir, origins.dir, file, deps),
    file,
  };
  refuseBadForms(settings);
  return settings;
}

/**
 * A sentence for people where one of Google's variables decides against what mlflow-gcp.yaml says, or undefined. The order
 * is the documented one, but whoever exported such a variable months ago wants to know.
 */
export function surprisingOrigin(settings: Settings): string | undefined {
  const said = settings.file?.raw.project;
  const project = settings.project;
  if (project === undefined || said === undefined || said === project.value) return undefined;
  if (!GOOGLE_PROJECT_VARIABLES.includes(project.from)) return undefined;
  return `Using project ${project.value} of ${project.from}, although ${settings.file?.path} says ${said}. --project or ${envName('project')} decide.`;
}

async function applicableFile(config: string | undefined, dir: string | undefined, deps: Deps): Promise<ConfigFile | undefined> {
  if (config !== undefined) return loadConfig(path.resolve(deps.cwd, config));
  const found = await findConfig(path.resolve(deps.cwd, dir ?? '.'));
  return found === undefined ? undefined : loadConfig(found);
}

function folder(dir: string | undefined, from: Origin, file: ConfigFile | undefined, deps: Deps): Setting<string> {
  if (dir !== undefined) return { value: path.resolve(deps.cwd, dir), from };
  return file ? { value: path.dirname(file.path), from: file.path } : { value: deps.cwd, from: 'default' };
}

function firstOf(...candidates: Array<{ value: string | undefined; from: Origin }>): Setting<string> | undefined {
  return candidates.find((candidate): candidate is Setting<string> => candidate.value !== undefined);
}

/** Refuses what Google would refuse, before anything is asked of Google. */
function refuseBadForms(settings: Settings): void {
  const checks: Array<[Setting<string> | undefined, (text: string) => true | string]> = [
    [settings.project, checkProjectId],
    [settings.region, checkRegion],
    [settings.name, checkName],
  ];
  const faults = checks.flatMap(([setting, check]) => {
    const verdict = setting === undefined ? true : check(setting.value);
    return verdict === true ? [] : [`${setting?.from} is ${JSON.stringify(setting?.value)}: ${verdict}.`];
  });
  if (faults.length > 0) throw invalidValues(faults);
}

/** The project, or the {@link UsageError} that says how to name one. For commands that ask no questions. */
export function requireProject(settings: Settings): string {
  if (settings.project !== undefined) return settings.project.value;
  throw new UsageError({
    code: 'MISSING_ANSWER',
    message: 'No Google Cloud project is named.',
    hint: `Name one with --project ID or ${envName('project')}, or run from the folder of an mlflow-gcp.yaml.`,
  });
}
