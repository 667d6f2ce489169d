import { access, mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UsageError, UserError } from '../errors.ts';
import type { Google } from '../gcp/google.ts';
import { latestVersion } from '../gcp/secret-versions.ts';
import { CONFIG_FILE } from '../project/config.ts';
import type { Config } from '../project/config-schema.ts';
import { compareFolder, type FileChange, writeFolder } from '../project/folder.ts';
import { ensureLock } from '../project/lock.ts';
import { writePins } from '../project/pin-secrets.ts';
import { renderProject } from '../project/render.ts';
import { MANIFEST_FILE } from '../project/service-manifest.ts';
import { writeConfig } from '../project/write-config.ts';
import type { Settings } from '../settings/settings.ts';
import { type Deployment, SECRET_KEYS } from '../stack/deployment.ts';
import { projectTokens, type SecretVersions } from '../stack/project-tokens.ts';
import { findOwnService } from '../stack/resources/run-service.ts';
import { settle } from '../stack/settle.ts';
import { unlessDisabled } from '../stack/unless-disabled.ts';
import type { Context } from './command.ts';
import { projectUv } from './project-uv.ts';
import { workflowFiles } from './workflow-files.ts';

export interface RenderedFolder {
  dir: string;
  written: string[];
  /** Files of the user's that differ from the templates and were left as they are. */
  kept: string[];
}

/** Without these files of ours the folder is no project folder; with such files of somebody else's it is theirs. */
const OURS = ['Dockerfile', 'pyproject.toml', 'entry-point.sh', 'skaffold.yaml'];

/** About what the lock and the rendered files take. */
const PROJECT_FOLDER_BYTES = 600_000;

/** Throws FOLDER_TAKEN when the folder holds files of the same names that belong to something else. */
export async function refuseForeignFolder(dir: string): Promise<void> {
  const there = await Promise.all([CONFIG_FILE, '.mlflow-gcp', ...OURS].map((name) => exists(path.join(dir, name))));
  const [config, record, ...files] = there;
  const taken = OURS.filter((_name, index) => files[index]);
  if (config || record || taken.length === 0) return;
  throw new UsageError({
    code: 'FOLDER_TAKEN',
    message: `${dir} already holds ${taken.join(', ')} of something else.`,
    hint: 'Keep the MLflow server in a folder of its own: mlflow-gcp init --dir mlflow',
  });
}

/**
 * Proves that a project folder can be made there, before anything is made in the cloud, and leaves nothing behind. Throws
 * FOLDER_NOT_WRITABLE: no permission, a read-only or a full file system, a file in the way.
 */
export async function prepareFolder(dir: string): Promise<void> {
  // Always of one name, so that one that a killed run left goes with the next.
  const probe = path.join(dir, '.mlflow-gcp-probe');
  let first: string | undefined;
  try {
    first = await mkdir(dir, { recursive: true });
    await writeFile(probe, Buffer.alloc(PROJECT_FOLDER_BYTES));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UserError({
      code: 'FOLDER_NOT_WRITABLE',
      message: `The project folder cannot be written to ${dir}: ${code === 'ENOSPC' ? 'the disk is full' : code}. Nothing was made.`,
      hint: 'Free some space or mend the permissions of that folder, or name another one with --dir.',
      cause,
    });
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
    if (first !== undefined) await removeEmpty(dir, first);
  }
}

/** Removes `dir` and the folders above it up to `first`, as far as nobody has put anything into them. */
async function removeEmpty(dir: string, first: string): Promise<void> {
  for (let folder = dir; folder.length >= first.length; folder = path.dirname(folder)) {
    const gone = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!gone) return;
  }
}

/** Throws FOLDER_MISSING when there is no project folder where one is looked for: deploying would otherwise start one in any folder. */
export async function refuseMissingFolder({ dir, file }: Settings): Promise<void> {
  if (file !== undefined || (await exists(path.join(dir.value, '.mlflow-gcp')))) return;
  throw new UsageError({
    code: 'FOLDER_MISSING',
    message: `${dir.value} is no project folder: neither it nor a folder above holds ${CONFIG_FILE}.`,
    hint: 'Name the folder with --dir, or make one with: mlflow-gcp init',
  });
}

/**
 * Renders the project folder of a deployment whose secrets have values, and locks its Python packages. Files that the user edited
 * are shown and asked about, and kept where nobody can be asked. With `config`, mlflow-gcp.yaml is brought in line too. Throws
 * SECRETS_MISSING, or NOT_OURS where a Cloud Run service of somebody else's has the deployment's name: nothing is deployed over it.
 */
export async function renderFolder(
  context: Context,
  google: Google,
  deployment: Deployment,
  config?: Config,
): Promise<RenderedFolder> {
  const { deps, ui, settings } = context;
  const dir = settings.dir.value;
  const [versions] = await settle([secretVersions(google, deployment), findOwnService(google, deployment)]);
  const tokens = projectTokens(deployment, versions);
  const files = [
    ...(await renderProject(path.join(deps.packageRoot, 'src/templates/project'), tokens)),
    ...(await workflowFiles(deps.packageRoot, dir, deployment)),
  ];
  const changes = await compareFolder(dir, files);
  const disputed = changes.filter(({ kind }) => kind === 'edited' || kind === 'foreign');
  const overwrite = new Set<string>();
  for (const change of disputed) if (await mayOverwrite(context, change)) overwrite.add(change.file.path);
  return ui.step('Render the project folder', async (step) => {
    const written = await writeFolder(dir, changes, overwrite);
    // Also in a file that the user keeps: what is deployed from it uses the newest secrets.
    const pins = Object.fromEntries(SECRET_KEYS.map((key) => [deployment.secrets[key], versions[key]]));
    if (await writePins(dir, deployment.service.name, pins)) written.push(MANIFEST_FILE);
    if (config !== undefined && (await writeConfig(path.join(dir, CONFIG_FILE), config))) written.push(CONFIG_FILE);
    const { env, signal } = deps;
    const progress = (detail: string): void => step.progress(detail);
    const uv = () => projectUv(context, progress);
    if (await ensureLock(dir, { env, signal, progress, uv })) written.push('uv.lock');
    return { dir, written, kept: disputed.map(({ file }) => file.path).filter((name) => !overwrite.has(name)) };
  });
}

async function mayOverwrite({ ui, settings }: Context, { file, kind, current }: FileChange): Promise<boolean> {
  if (!ui.interactive || settings.yes) {
    ui.warn(
      `${file.path} ${kind === 'edited' ? 'was edited, and its template changed too' : 'was not written by mlflow-gcp'}: it was left as it is.`,
    );
    return false;
  }
  const { createTwoFilesPatch } = await import('diff');
  ui.preview([
    { kind: 'text', text: createTwoFilesPatch(`${file.path} (yours)`, `${file.path} (template)`, current ?? '', file.content) },
  ]);
  return ui.ask.confirm({ flag: '--no-input', message: `Replace ${file.path}?`, default: false, unattended: false });
}

async function secretVersions(google: Google, deployment: Deployment): Promise<SecretVersions> {
  const { project, secrets } = deployment;
  const found = await settle(
    SECRET_KEYS.map(
      async (key) => [key, await unlessDisabled(latestVersion(google, { project, secretId: secrets[key] }))] as const,
    ),
  );
  const missing = found.filter(([, version]) => version === undefined).map(([key]) => secrets[key]);
  if (missing.length > 0) {
    throw new UserError({
      code: 'SECRETS_MISSING',
      message: `Project ${project} has no value for ${missing.join(', ')}: deployment ${deployment.name} is not there, or not finished.`,
      hint: `Make it, or finish it, with: mlflow-gcp init --project ${project} --name ${deployment.name}`,
    });
  }
  return Object.fromEntries(found.map(([key, version]) => [key, version?.version])) as SecretVersions;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
