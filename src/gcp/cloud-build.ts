import type { Google } from './google.ts';
import type { WaitOptions } from './operations.ts';

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
  /** QUEUED, WORKING, SUCCESS, FAILURE, INTERNAL_ERROR, TIMEOUT, CANCELLED, EXPIRED */
  status: string;
  statusDetail?: string;
  logUrl?: string;
  logsBucket?: string;
  results?: { images?: Array<{ name: string; digest: string }> };
}
export interface BuildArgs {
  project: string;
  region: string;
  id: string;
}

/** Starts a build. A lost answer is looked up by a tag that only this build carries. */
export async function createBuild(google: Google, args: { project: string; region: string; build: BuildRequest }): Promise<Build> {
  throw new Error(`${String(google)}${args.project}`);
}

/** The build, or undefined. */
export async function getBuild(google: Google, args: BuildArgs): Promise<Build | undefined> {
  throw new Error(`${String(google)}${args.id}`);
}

/**
 * Waits until the build succeeded, handing its log over as it grows (`onLog` gets whole lines). Throws BUILD_FAILED with the last
 * lines of the log. Aborted, it cancels the build.
 */
export async function waitBuild(google: Google, args: BuildArgs & { onLog?: (line: string) => void } & WaitOptions): Promise<Build> {
  throw new Error(`${String(google)}${args.id}`);
}

/** Asks for the end of a running build; one that is over is fine. */
export async function cancelBuild(google: Google, args: BuildArgs): Promise<void> {
  throw new Error(`${String(google)}${args.id}`);
}
