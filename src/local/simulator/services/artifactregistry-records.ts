import { GoogleError, type JsonObject, type Sim } from '../service.ts';

/** What is kept of a repository. */
export interface RepositoryRecord {
  projectId: string;
  location: string;
  id: string;
  /** Times as the API shows them. */
  createTime: string;
  updateTime: string;
  /** What the user set, with format and mode. */
  settings: JsonObject;
}

const KIND = 'artifactregistry.repositories';

/** `PROJECT/LOCATION/REPOSITORY`, under which everything of a repository is kept. */
export function repositoryKey(repository: Pick<RepositoryRecord, 'projectId' | 'location' | 'id'>): string {
  return `${repository.projectId}/${repository.location}/${repository.id}`;
}

export function findRepository(sim: Sim, key: string): RepositoryRecord | undefined {
  return sim.store.get<RepositoryRecord>(KIND, key);
}

export function saveRepository(sim: Sim, repository: RepositoryRecord): void {
  sim.store.put(KIND, repositoryKey(repository), repository);
}

export function removeRepository(sim: Sim, key: string): void {
  sim.store.delete(KIND, key);
}

export function listRepositories(sim: Sim, projectId: string, location: string): RepositoryRecord[] {
  return sim.store.list<RepositoryRecord>(KIND, `${projectId}/${location}/`).map(({ value }) => value);
}

export function repositoryName(repository: RepositoryRecord): string {
  return `projects/${repository.projectId}/locations/${repository.location}/repositories/${repository.id}`;
}

/** The name under which its IAM policy is kept. */
export function repositoryResource(repository: RepositoryRecord): string {
  return `//artifactregistry.googleapis.com/${repositoryName(repository)}`;
}

/** What Artifact Registry answers for most things that are not there. */
export function notFound(): GoogleError {
  return new GoogleError({ code: 404, status: 'NOT_FOUND', message: 'Requested entity was not found.' });
}

/**
 * The repository that a resource name names, and what follows in the name.
 * @throws GoogleError 404
 */
export function repositoryOf(sim: Sim, name: unknown): { repository: RepositoryRecord; rest: string } {
  const [, project = '', location = '', id = '', rest = ''] =
    /^projects\/([^/]+)\/locations\/([^/]+)\/repositories\/([^/:]+)(?:\/(.*))?$/.exec(String(name)) ?? [];
  if (id === '') throw notFound();
  const { projectId } = sim.findProject(project);
  const repository = findRepository(sim, repositoryKey({ projectId, location, id }));
  if (!repository) throw notFound();
  return { repository, rest };
}

/** The resource as the API shows it. */
export function showRepository(sim: Sim, repository: RepositoryRecord, sizeBytes: number): JsonObject {
  const { format } = repository.settings;
  const domain = `${repository.location}-${String(format).toLowerCase()}.pkg.dev`;
  return {
    name: repositoryName(repository),
    ...repository.settings,
    createTime: repository.createTime,
    updateTime: repository.updateTime,
    ...(sizeBytes > 0 ? { sizeBytes: String(sizeBytes) } : {}),
    satisfiesPzi: true,
    vulnerabilityScanningConfig: scanning(sim, repository),
    registryUri: `${domain}/${repository.projectId}/${repository.id}`,
  };
}

function scanning(sim: Sim, repository: RepositoryRecord): JsonObject {
  const { mode, format, vulnerabilityScanningConfig } = repository.settings;
  const sent = (vulnerabilityScanningConfig ?? {}) as JsonObject;
  const config = sent['enablementConfig'] ? { enablementConfig: sent['enablementConfig'] } : {};
  const show = (enablementState: string, enablementStateReason: string) => ({
    ...config,
    lastEnableTime: repository.createTime,
    enablementState,
    ...(enablementStateReason ? { enablementStateReason } : {}),
  });
  if (mode === 'VIRTUAL_REPOSITORY') return show('SCANNING_UNSUPPORTED', `Repository mode ${mode} is not supported.`);
  if (format !== 'DOCKER') return show('SCANNING_UNSUPPORTED', `Repository format ${format} is not supported.`);
  if (sent['enablementConfig'] === 'DISABLED') return show('SCANNING_DISABLED', '');
  if (!isEnabled(sim, repository.projectId)) {
    return show('SCANNING_DISABLED', 'API containerscanning.googleapis.com is not enabled.');
  }
  return show('SCANNING_ACTIVE', '');
}

function isEnabled(sim: Sim, projectId: string): boolean {
  try {
    sim.requireEnabled(projectId, 'containerscanning.googleapis.com');
    return true;
  } catch (error) {
    if (error instanceof GoogleError) return false;
    throw error;
  }
}
