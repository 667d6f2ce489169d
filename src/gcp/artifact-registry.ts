import { isNotFound } from './errors.ts';
import type { Google } from './google.ts';
import type { Policy, PolicyResource } from './iam-policy.ts';
import type { Labels } from './labels.ts';
import { type LongOperation, pollOperation, type WaitOptions } from './operations.ts';
import { createOrGet } from './retry.ts';

export interface Repository {
  /** `projects/P/locations/L/repositories/R` */
  name: string;
  format: string;
  description: string;
  labels: Labels;
  /** Bytes as a decimal text; undefined while empty. */
  sizeBytes: string | undefined;
}
export interface RepositoryArgs {
  project: string;
  location: string;
  repository: string;
}

/** `projects/P/locations/L/repositories/R` */
export function repositoryName(args: RepositoryArgs): string {
  return `projects/${args.project}/locations/${args.location}/repositories/${args.repository}`;
}

/** The address that image names start with: `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY`. */
export function repositoryAddress(args: RepositoryArgs): string {
  // In a domain-scoped project id the colon becomes a slash.
  return `${args.location}-docker.pkg.dev/${args.project.replace(':', '/')}/${args.repository}`;
}

/** The repository, or undefined. https://docs.cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories/get */
export async function getRepository(google: Google, args: RepositoryArgs): Promise<Repository | undefined> {
  const api = await google.apis.artifactregistry();
  try {
    const { data } = await api.projects.locations.repositories.get({ name: repositoryName(args) });
    return {
      name: data.name ?? repositoryName(args),
      format: data.format ?? '',
      description: data.description ?? '',
      labels: (data.labels ?? {}) as Labels,
      sizeBytes: data.sizeBytes ?? undefined,
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Makes a Docker repository if it is missing; one that is there already is returned as it is, `created: false`. */
export async function createDockerRepository(
  google: Google,
  args: RepositoryArgs & { description: string; labels: Labels } & WaitOptions,
): Promise<{ value: Repository; created: boolean }> {
  const api = await google.apis.artifactregistry();
  const create = async () => {
    const started = await api.projects.locations.repositories.create({
      parent: `projects/${args.project}/locations/${args.location}`,
      repositoryId: args.repository,
      requestBody: { format: 'DOCKER', description: args.description, labels: args.labels },
    });
    await finish(google, `creating ${repositoryName(args)}`, started.data as LongOperation, args);
    return getRepository(google, args);
  };
  return createOrGet(google, { create, get: () => getRepository(google, args) });
}

/** Brings labels and description to these values. */
export async function patchRepository(
  google: Google,
  args: RepositoryArgs & { labels?: Labels; description?: string },
): Promise<void> {
  const api = await google.apis.artifactregistry();
  const requestBody = {
    ...(args.labels && { labels: args.labels }),
    ...(args.description !== undefined && { description: args.description }),
  };
  await api.projects.locations.repositories.patch({
    name: repositoryName(args),
    updateMask: Object.keys(requestBody).join(','),
    requestBody,
  });
}

/** Deletes the repository with its images and waits for it; one that is not there is fine. */
export async function deleteRepository(google: Google, args: RepositoryArgs & WaitOptions): Promise<void> {
  const api = await google.apis.artifactregistry();
  try {
    const started = await api.projects.locations.repositories.delete({ name: repositoryName(args) });
    await finish(google, `deleting ${repositoryName(args)}`, started.data as LongOperation, args);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Who may pull from and push to the repository. */
export function repositoryPolicy(google: Google, args: RepositoryArgs): PolicyResource {
  const resource = repositoryName(args);
  return {
    key: resource,
    async read() {
      const api = await google.apis.artifactregistry();
      return (await api.projects.locations.repositories.getIamPolicy({ resource, 'options.requestedPolicyVersion': 3 }))
        .data as Policy;
    },
    async write(policy) {
      const api = await google.apis.artifactregistry();
      return (await api.projects.locations.repositories.setIamPolicy({ resource, requestBody: { policy } })).data as Policy;
    },
  };
}

async function finish(google: Google, what: string, started: LongOperation, wait: WaitOptions): Promise<void> {
  const api = await google.apis.artifactregistry();
  await pollOperation(google, {
    what,
    started,
    read: async (name) => (await api.projects.locations.operations.get({ name })).data as LongOperation,
    ...wait,
  });
}

/** The repositories in this location that carry all of these labels. https://docs.cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories/list */
export async function listRepositories(
  google: Google,
  args: { project: string; location: string; labels: Labels },
): Promise<Repository[]> {
  const api = await google.apis.artifactregistry();
  const parent = `projects/${args.project}/locations/${args.location}`;
  const found: Repository[] = [];
  let pageToken: string | undefined;
  do {
    const { data } = await api.projects.locations.repositories.list({ parent, ...(pageToken && { pageToken }) });
    for (const { name, format, description, labels, sizeBytes } of data.repositories ?? []) {
      const own = (labels ?? {}) as Labels;
      found.push({
        name: name ?? '',
        format: format ?? '',
        description: description ?? '',
        labels: own,
        sizeBytes: sizeBytes ?? undefined,
      });
    }
    pageToken = data.nextPageToken || undefined;
  } while (pageToken !== undefined);
  return found.filter(({ labels }) => Object.entries(args.labels).every(([key, value]) => labels[key] === value));
}
