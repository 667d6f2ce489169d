import { rpcCode } from '../error-form.ts';
import type { Call, Handler, JsonObject, Operation, OperationKind, Sim } from '../service.ts';
import { setBilling } from './cloudbilling.ts';
import { PROJECT_ID } from './cloudresourcemanager-meeting.ts';
import { projectPolicy } from './cloudresourcemanager-policy.ts';
import {
  findProject,
  type ProjectRecord,
  parentName,
  projectRecord,
  readProject,
  saveProject,
  showProject,
} from './cloudresourcemanager-projects.ts';
import { alreadyExists, failedPrecondition, forbidden, invalidField, notFound } from './refusals.ts';

/** Making and deleting projects. https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects */
export const lifecycleMethods: Record<string, Handler> = {
  'cloudresourcemanager.projects.create': create,
  'cloudresourcemanager.projects.delete': (call, sim) => {
    const project = projectOf(call, sim);
    if (project.projectId === sim.project.projectId)
      throw forbidden('The project that the simulator starts with cannot be deleted.');
    if (project.deleteTime) throw failedPrecondition('Cannot delete an inactive project.');
    const deleted = saveProject(sim, { ...project, deleteTime: sim.timestamp() });
    return call.version === 'v1' ? {} : finished(sim, 'dp', deleted);
  },
  'cloudresourcemanager.projects.undelete': (call, sim) => {
    const { deleteTime, ...project } = projectOf(call, sim);
    if (!deleteTime) throw failedPrecondition('Precondition check failed.');
    const restored = saveProject(sim, project);
    return call.version === 'v1' ? {} : finished(sim, 'up', restored);
  },
  'cloudresourcemanager.operations.get': (call, sim) => {
    const name = String(call.params['name']);
    const operation = sim.operations.get(name.replace(/^operations\/cp\./, ''));
    if (operation?.api !== 'cloudresourcemanager') throw notFound(`Operation ${name} not found.`);
    return show(sim, call.version, operation);
  },
};

export const lifecycleOperations: Record<string, OperationKind> = {
  create: {
    usual: 'projects.create',
    finish: (operation, sim) => {
      const { project } = operation.data as unknown as { project: ProjectRecord };
      if (findProject(sim, project.projectId) && !projectRecord(sim, project.projectId)?.onlyRead) return;
      saveProject(sim, project);
      setBilling(sim, project.projectId, '');
      projectPolicy(sim, project.projectId, operation.principal);
    },
  },
};

function create(call: Call, sim: Sim): JsonObject {
  const projectId = String(call.body['projectId'] ?? '');
  if (!PROJECT_ID.test(projectId)) {
    throw invalidField(
      'project_id',
      'project_id must be 6 to 30 lowercase letters, digits, or hyphens, starting with a letter and not ending with a hyphen.',
    );
  }
  const beingMade = sim.operations
    .list('cloudresourcemanager')
    .some(({ done, data }) => !done && (data['project'] as JsonObject | undefined)?.['projectId'] === projectId);
  const onlyRead = projectRecord(sim, projectId)?.onlyRead === true;
  if ((findProject(sim, projectId) && !onlyRead) || beingMade) throw alreadyExists('Requested entity already exists');
  const parent = parentName(call.body['parent']);
  const labels = call.body['labels'] as Record<string, string> | undefined;
  const project: ProjectRecord = {
    projectId,
    projectNumber: String(100_000_000_000 + (Number(`0x${sim.id(10)}`) % 900_000_000_000)),
    displayName: String(call.body['displayName'] ?? call.body['name'] ?? projectId),
    createTime: sim.timestamp(),
    updateTime: '',
    etag: '',
    ...(labels ? { labels } : {}),
    ...(parent ? { parent } : {}),
  };
  const data = { project: project as unknown as JsonObject };
  return show(
    sim,
    call.version,
    sim.operations.start({ api: 'cloudresourcemanager', kind: 'create', data, principal: call.principal }),
  );
}

function show(sim: Sim, version: string, operation: Operation): JsonObject {
  const name = `operations/cp.${operation.id}`;
  if (!operation.done) return { name };
  if (operation.error) return { name, done: true, error: { code: rpcCode(operation.error), message: operation.error.message } };
  const { projectId } = (operation.data as unknown as { project: ProjectRecord }).project;
  const metadata =
    version === 'v1'
      ? {
          '@type': 'type.googleapis.com/google.cloudresourcemanager.v1.ProjectCreationStatus',
          createTime: operation.startTime,
          gettable: true,
          ready: true,
        }
      : {
          '@type': 'type.googleapis.com/google.cloud.resourcemanager.v3.CreateProjectMetadata',
          createTime: operation.startTime,
          gettable: true,
          ready: true,
        };
  return { name, metadata, done: true, response: message(version, readProject(sim, projectId)) };
}

function finished(sim: Sim, prefix: string, project: ProjectRecord): JsonObject {
  return { name: `operations/${prefix}.${sim.id(19)}`, done: true, response: message('v3', project) };
}

function message(version: string, project: ProjectRecord): JsonObject {
  const type = version === 'v1' ? 'google.cloudresourcemanager.v1.Project' : 'google.cloud.resourcemanager.v3.Project';
  return { '@type': `type.googleapis.com/${type}`, ...showProject(version, project) };
}

function projectOf(call: Call, sim: Sim): ProjectRecord {
  return readProject(sim, String(call.params['projectId'] ?? call.params['name']).replace(/^projects\//, ''));
}
