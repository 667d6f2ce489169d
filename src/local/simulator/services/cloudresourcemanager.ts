import type { Call, Json, JsonObject, Service, Sim } from '../service.ts';
import { lifecycleMethods, lifecycleOperations } from './cloudresourcemanager-lifecycle.ts';
import { noteProject, useProject } from './cloudresourcemanager-meeting.ts';
import { oldPolicyMethods } from './cloudresourcemanager-orgpolicy.ts';
import { projectPolicy, projectResource } from './cloudresourcemanager-policy.ts';
import {
  findProject,
  listProjects,
  type ProjectRecord,
  readProject,
  saveProject,
  showProject,
} from './cloudresourcemanager-projects.ts';
import { checkNoPublicMembers } from './iam-bindings.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { applyMask, maskPaths } from './masks.ts';
import { page } from './paging.ts';
import { badRequest, invalidField } from './refusals.ts';

/** Projects. https://docs.cloud.google.com/resource-manager/reference/rest */
export const cloudresourcemanager: Service = {
  api: 'cloudresourcemanager',
  versions: ['v1', 'v3'],
  findProject,
  noteProject,
  useProject,
  operations: lifecycleOperations,
  methods: {
    ...lifecycleMethods,
    ...oldPolicyMethods,
    'cloudresourcemanager.projects.get': (call, sim) => showProject(call.version, readProject(sim, idOf(call))),
    'cloudresourcemanager.projects.list': (call, sim) => {
      if (call.version === 'v1') return found(call, sim, String(call.params['filter'] ?? ''));
      const parent = String(call.params['parent'] ?? '');
      if (!/^(organizations|folders)\/\d+$/.test(parent)) {
        throw invalidField('parent', 'The parent must be of the form `folders/{folder}` or `organizations/{organization}`.');
      }
      const shown = (project: ProjectRecord) =>
        project.parent === parent && (call.params['showDeleted'] === true || !project.deleteTime);
      return paged(call, listProjects(sim).filter(shown));
    },
    'cloudresourcemanager.projects.search': (call, sim) => found(call, sim, String(call.params['query'] ?? '')),
    'cloudresourcemanager.projects.patch': patch,
    'cloudresourcemanager.projects.update': (call, sim) => {
      const project = readProject(sim, idOf(call));
      const { name, labels } = call.body;
      return showProject(
        'v1',
        saveProject(sim, {
          ...project,
          displayName: String(name ?? project.displayName),
          labels: (labels ?? {}) as Record<string, string>,
        }),
      );
    },
    'cloudresourcemanager.projects.getAncestry': (call, sim) => {
      const { projectId, parent } = readProject(sim, idOf(call));
      const [types, id] = parent?.split('/') ?? [];
      const above = types && id ? [{ resourceId: { type: types.replace(/s$/, ''), id } }] : [];
      return { ancestor: [{ resourceId: { type: 'project', id: projectId } }, ...above] };
    },
    'cloudresourcemanager.projects.getIamPolicy': (call, sim) => {
      const { projectId } = sim.findProject(idOf(call));
      projectPolicy(sim, projectId, call.principal);
      const options = call.body['options'] as { requestedPolicyVersion?: Json } | undefined;
      return getPolicy(sim, projectResource(projectId), options?.requestedPolicyVersion);
    },
    'cloudresourcemanager.projects.setIamPolicy': (call, sim) => {
      const { projectId } = sim.findProject(idOf(call));
      projectPolicy(sim, projectId, call.principal);
      checkNoPublicMembers(call.body);
      return setPolicy(sim, projectResource(projectId), call.body);
    },
    'cloudresourcemanager.projects.testIamPermissions': (call, sim) => {
      sim.findProject(idOf(call));
      return testPermissions(call.body);
    },
  },
};

/** The project's id or number, however the method's parameter is called and whether it has `projects/` in front. */
function idOf(call: Call): string {
  const given = call.params['projectId'] ?? call.params['resource'] ?? call.params['name'];
  return String(given).replace(/^projects\//, '');
}

/** Both query languages, as far as gcloud and people use them: `id:`, `projectId=`, `name:`, `state:`, `labels.KEY:VALUE`, joined by spaces or AND. */
function found(call: Call, sim: Sim, query: string): JsonObject {
  const terms = query.split(/\s+(?:AND\s+)?/i).filter((term) => term !== '');
  const wanted = terms.map((term) => {
    const [, field, value] = /^([\w.-]+)[:=]"?([^"]*)"?$/.exec(term) ?? [];
    if (!field || value === undefined)
      throw badRequest(`Request contains an invalid argument: the filter ${term} cannot be read.`);
    return { field, value };
  });
  return paged(
    call,
    listProjects(sim).filter((project) => wanted.every(({ field, value }) => matches(project, field, value))),
  );
}

function paged(call: Call, projects: ProjectRecord[]): JsonObject {
  const all = projects.map((project) => ({ key: project.projectId, value: showProject(call.version, project) }));
  all.sort((one, other) => (one.key < other.key ? -1 : 1));
  const { items, nextPageToken } = page(all, {
    size: call.params['pageSize'],
    token: call.params['pageToken'],
    usual: 300,
    most: 1000,
  });
  return { ...(items.length > 0 ? { projects: items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
}

function matches(project: ProjectRecord, field: string, value: string): boolean {
  const pattern = new RegExp(`^${value.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i');
  if (field.startsWith('labels.')) return pattern.test(project.labels?.[field.slice('labels.'.length)] ?? '\0');
  const state = project.deleteTime ? 'DELETE_REQUESTED' : 'ACTIVE';
  const known: Record<string, string> = {
    id: project.projectId,
    projectid: project.projectId,
    projectnumber: project.projectNumber,
    name: project.displayName,
    displayname: project.displayName,
    lifecyclestate: state,
    state,
  };
  return pattern.test(known[field.toLowerCase()] ?? '\0');
}

function patch(call: Call, sim: Sim): JsonObject {
  const project = readProject(sim, idOf(call));
  const paths = maskPaths(call.params['updateMask'], call.body);
  const wrong = paths.find((path) => path !== 'displayName' && path !== 'labels' && !path.startsWith('labels.'));
  if (wrong) throw invalidField('update_mask', `The field ${wrong} cannot be updated.`);
  const changed = saveProject(sim, applyMask(project as unknown as JsonObject, call.body, paths) as unknown as ProjectRecord);
  return {
    name: `operations/up.${sim.id(19)}`,
    done: true,
    response: { '@type': 'type.googleapis.com/google.cloud.resourcemanager.v3.Project', ...showProject('v3', changed) },
  };
}
