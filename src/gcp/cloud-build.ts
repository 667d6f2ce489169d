import { randomUUID } from 'node:crypto';
import { failureOf, isNotFound } from './errors.ts';
import type { Google } from './google.ts';
import { createOrGet } from './retry.ts';

/** What a build is asked with. https://docs.cloud.google.com/build/docs/api/reference/rest/v1/projects.builds#Build */
export interface BuildRequest {
  source: { storageSource: { bucket: string; object: string; generation?: string } };
  steps: Array<{ name: string; args?: string[]; env?: string[]; entrypoint?: string; dir?: string }>;
  /** Names with tags that are pushed when the steps are done. */
  images?: string[];
  /** Full name, `projects/P/serviceAccounts/EMAIL`. */
  serviceAccount?: string;
  /** `gs://BUCKET`; required with a service account of one's own. */
  logsBucket?: string;
  options?: { logging?: string; machineType?: string };
  tags?: string[];
  /** `600s` */
  timeout?: string;
}
export interface Build {
  id: string;
  /** QUEUED, PENDING, WORKING, SUCCESS, FAILURE, INTERNAL_ERROR, TIMEOUT, CANCELLED, EXPIRED */
  status: string;
  statusDetail?: string;
  logUrl?: string;
  tags?: string[];
  /** With or without `gs://`. */
  logsBucket?: string;
  results?: { images?: Array<{ name: string; digest: string }> };
}
export const UNFINISHED = ['QUEUED', 'PENDING', 'WORKING', 'STATUS_UNKNOWN'];
export interface BuildArgs {
  project: string;
  region: string;
  id: string;
}

/** Starts a build. A lost answer is looked up by a tag that this build alone carries. */
export async function createBuild(
  google: Google,
  args: { project: string; region: string; build: BuildRequest },
): Promise<Build> {
  const api = await google.apis.cloudbuild();
  const parent = `projects/${args.project}/locations/${args.region}`;
  const tag = `mlflow-gcp-${randomUUID()}`;
  const requestBody = { ...args.build, tags: [...(args.build.tags ?? []), tag] };
  const { value } = await createOrGet(google, {
    async create() {
      const { data } = await api.projects.locations.builds.create({ parent, requestBody });
      return (data.metadata as { build?: Build } | undefined)?.build;
    },
    get: async () => (await latestBuilds(google, args)).find(({ tags }) => tags?.includes(tag)),
  });
  return value;
}

/** The newest build with this tag that is not over yet, or undefined. */
export async function findRunningBuild(
  google: Google,
  args: { project: string; region: string; tag: string },
): Promise<Build | undefined> {
  const found = (await latestBuilds(google, args)).find(({ tags }) => tags?.includes(args.tag));
  return found !== undefined && UNFINISHED.includes(found.status) ? found : undefined;
}

/** The build, or undefined. */
export async function getBuild(google: Google, args: BuildArgs): Promise<Build | undefined> {
  const api = await google.apis.cloudbuild();
  try {
    return (await api.projects.locations.builds.get({ name: buildName(args) })).data as Build;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Asks for the end of a running build; one that is over is fine. */
export async function cancelBuild(google: Google, args: BuildArgs): Promise<void> {
  const api = await google.apis.cloudbuild();
  try {
    await api.projects.locations.builds.cancel({ name: buildName(args), requestBody: {} });
  } catch (error) {
    // FAILED_PRECONDITION: it is over.
    if (!isNotFound(error) && failureOf(error)?.rpcStatus !== 'FAILED_PRECONDITION') throw error;
  }
}

/** The newest come first; one that was started a moment ago is among them. */
async function latestBuilds(google: Google, { project, region }: { project: string; region: string }): Promise<Build[]> {
  const api = await google.apis.cloudbuild();
  const { data } = await api.projects.locations.builds.list({ parent: `projects/${project}/locations/${region}`, pageSize: 50 });
  return (data.builds ?? []) as Build[];
}

function buildName(args: BuildArgs): string {
  return `projects/${args.project}/locations/${args.region}/builds/${args.id}`;
}
