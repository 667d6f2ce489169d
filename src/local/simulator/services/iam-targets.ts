import { projectOf } from '../project-of.ts';
import type { Call, Sim } from '../service.ts';
import { projectResource } from './cloudresourcemanager-policy.ts';
import { findProject } from './cloudresourcemanager-projects.ts';
import { findAccount } from './iam-accounts.ts';
import { bucketResource } from './iam-policy-storage.ts';
import { findBucket } from './storage-bucket-record.ts';

/** What a call is about, as far as policies go. */
export interface Target {
  projectId: string;
  /** As messages name it: `projects/P/secrets/S`, or the name of a bucket. */
  shown: string;
  /** Full names of the resources whose policies grant on it: itself, what it is in, its project. */
  policies: string[];
}

/** Undefined where no project can be made out: nothing is decided then. */
export function targetOf(sim: Sim, call: Pick<Call, 'api' | 'params'> & { method: string }): Target | undefined {
  const { bucket, destinationBucket } = call.params;
  if (call.api === 'storage' && (bucket ?? destinationBucket) !== undefined)
    return bucketTarget(sim, String(bucket ?? destinationBucket));
  const name = nameOf(call);
  if (call.api === 'iam' || call.api === 'iamcredentials') {
    const account = /\/serviceAccounts\/([^/:]+)/.exec(name)?.[1];
    const found = account === undefined ? undefined : targetOfAccount(sim, decodeURIComponent(account));
    if (found) return found;
  }
  const project = projectOf(call);
  const found = project === undefined ? undefined : findProject(sim, project);
  if (!found) return undefined;
  return {
    projectId: found.projectId,
    shown: name || `projects/${found.projectId}`,
    policies: [...ancestors(call.api, name, found), projectResource(found.projectId)],
  };
}

/** A service account as a resource, by its email or unique id. */
export function targetOfAccount(sim: Sim, emailOrId: string): Target | undefined {
  const account = findAccount(sim, emailOrId);
  if (!account) return undefined;
  const { projectId, email, uniqueId } = account;
  return {
    projectId,
    shown: `projects/${projectId}/serviceAccounts/${email}`,
    policies: [`//iam.googleapis.com/projects/${projectId}/serviceAccounts/${uniqueId}`, projectResource(projectId)],
  };
}

function bucketTarget(sim: Sim, name: string): Target | undefined {
  const bucket = findBucket(sim, name);
  if (!bucket) return undefined;
  return { projectId: bucket.projectId, shown: name, policies: [bucketResource(name), projectResource(bucket.projectId)] };
}

function nameOf({ params }: Pick<Call, 'params'>): string {
  for (const field of ['name', 'resource', 'parent', 'service.name', 'secret.name', 'repository.name']) {
    const value = params[field];
    if (typeof value === 'string' && value.startsWith('projects/')) return value;
  }
  return '';
}

/** Policies are kept under the project's id or its number, as each API names its resources. */
function ancestors(api: string, name: string, project: { projectId: string; projectNumber: string }): string[] {
  const words = name.split('/').slice(2);
  const tails = words.flatMap((_word, place) => (place % 2 === 1 ? [words.slice(0, place + 1).join('/')] : []));
  return tails.flatMap((tail) =>
    [project.projectId, project.projectNumber].map((id) => `//${api}.googleapis.com/projects/${id}/${tail}`),
  );
}
