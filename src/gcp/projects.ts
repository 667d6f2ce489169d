import { isNotFound, isPermissionDenied } from './errors.ts';
import type { Google } from './google.ts';
import type { Policy, PolicyResource } from './iam-policy.ts';

export interface Project {
  projectId: string;
  /** Decimal digits. */
  projectNumber: string;
  displayName: string;
  /** `ACTIVE` or `DELETE_REQUESTED`. */
  state: string;
  /** `organizations/N` or `folders/N`; undefined for a project outside any organisation. */
  parent: string | undefined;
}

/** At most this many permissions can be asked about in one call. */
const PERMISSIONS_AT_ONCE = 100;

/**
 * The project, or undefined where it does not exist or is not visible: Google answers 403 to both, on purpose.
 * https://docs.cloud.google.com/resource-manager/reference/rest/v3/projects/get
 */
export async function getProject(google: Google, args: { project: string }): Promise<Project | undefined> {
  const api = await google.apis.cloudresourcemanager();
  try {
    return toProject((await api.projects.get({ name: `projects/${args.project}` })).data);
  } catch (error) {
    if (isNotFound(error) || isPermissionDenied(error, 'resourcemanager.projects.get')) return undefined;
    throw error;
  }
}

/**
 * The active projects that the caller may see, by display name; at most `limit` (default 200), for a list to choose from.
 * https://docs.cloud.google.com/resource-manager/reference/rest/v3/projects/search
 */
export async function searchProjects(google: Google, args: { limit?: number } = {}): Promise<Project[]> {
  const api = await google.apis.cloudresourcemanager();
  const limit = args.limit ?? 200;
  const found: Project[] = [];
  let pageToken: string | undefined;
  do {
    const { data } = await api.projects.search({
      query: 'state:ACTIVE',
      pageSize: Math.min(limit, 500),
      ...(pageToken && { pageToken }),
    });
    found.push(...(data.projects ?? []).map(toProject));
    pageToken = data.nextPageToken || undefined;
  } while (pageToken !== undefined && found.length < limit);
  return found.slice(0, limit).sort((a, b) => a.displayName.localeCompare(b.displayName));
}

/**
 * What the project lies in, from itself upwards: `{type: 'project' | 'folder' | 'organization', id}`. Only itself means that there
 * is no organisation. https://docs.cloud.google.com/resource-manager/reference/rest/v1/projects/getAncestry
 */
export async function projectAncestry(google: Google, args: { project: string }): Promise<Array<{ type: string; id: string }>> {
  const api = await google.apis.cloudresourcemanagerV1();
  const { data } = await api.projects.getAncestry({ projectId: args.project, requestBody: {} });
  return (data.ancestor ?? []).map((ancestor) => ({ type: ancestor.resourceId?.type ?? '', id: ancestor.resourceId?.id ?? '' }));
}

/**
 * Those of the permissions that the caller has in the project.
 * https://docs.cloud.google.com/resource-manager/reference/rest/v3/projects/testIamPermissions
 */
export async function testPermissions(google: Google, args: { project: string; permissions: string[] }): Promise<Set<string>> {
  const api = await google.apis.cloudresourcemanager();
  const parts: string[][] = [];
  for (let start = 0; start < args.permissions.length; start += PERMISSIONS_AT_ONCE)
    parts.push(args.permissions.slice(start, start + PERMISSIONS_AT_ONCE));
  const resource = `projects/${args.project}`;
  const answers = await Promise.all(
    parts.map((permissions) => api.projects.testIamPermissions({ resource, requestBody: { permissions } })),
  );
  return new Set(answers.flatMap((answer) => answer.data.permissions ?? []));
}

/** The project's own IAM policy. */
export function projectPolicy(google: Google, args: { project: string }): PolicyResource {
  const resource = `projects/${args.project}`;
  return {
    key: resource,
    async read() {
      const api = await google.apis.cloudresourcemanager();
      return (await api.projects.getIamPolicy({ resource, requestBody: { options: { requestedPolicyVersion: 3 } } }))
        .data as Policy;
    },
    async write(policy) {
      const api = await google.apis.cloudresourcemanager();
      return (await api.projects.setIamPolicy({ resource, requestBody: { policy } })).data as Policy;
    },
  };
}

interface WireProject {
  name?: string | null;
  projectId?: string | null;
  displayName?: string | null;
  state?: string | null;
  parent?: string | null;
}

function toProject(data: WireProject): Project {
  return {
    projectId: data.projectId ?? '',
    // The name is `projects/NUMBER`.
    projectNumber: (data.name ?? '').replace(/^projects\//, ''),
    displayName: data.displayName || (data.projectId ?? ''),
    state: data.state ?? '',
    parent: data.parent ?? undefined,
  };
}
