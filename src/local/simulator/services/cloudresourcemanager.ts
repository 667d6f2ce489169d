import type { Call, Json, JsonObject, Service, Sim } from '../service.ts';
import { projectPolicy, projectResource } from './cloudresourcemanager-policy.ts';
import { checkNoPublicMembers } from './iam-bindings.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { applyMask, maskPaths } from './masks.ts';
import { badRequest, invalidField } from './refusals.ts';

const KIND = 'cloudresourcemanager.projects';

interface ProjectRecord {
  displayName: string;
  createTime: string;
  updateTime: string;
  etag: string;
  labels?: Record<string, string>;
}
type Shown = ProjectRecord & { projectId: string; projectNumber: string };

/**
 * The project of the simulator; others cannot be made.
 * https://docs.cloud.google.com/resource-manager/reference/rest
 */
export const cloudresourcemanager: Service = {
  api: 'cloudresourcemanager',
  versions: ['v1', 'v3'],
  findProject: (sim, idOrNumber) =>
    idOrNumber === sim.project.projectId || idOrNumber === sim.project.projectNumber ? sim.project : undefined,
  methods: {
    'cloudresourcemanager.projects.get': (call, sim) => show(call, read(sim, idOf(call))),
    'cloudresourcemanager.projects.list': (call, sim) => {
      if (call.version === 'v1') return found(call, sim, String(call.params['filter'] ?? ''));
      if (!/^(organizations|folders)\/\d+$/.test(String(call.params['parent'] ?? ''))) {
        throw invalidField('parent', 'The parent must be of the form `folders/{folder}` or `organizations/{organization}`.');
      }
      return {};
    },
    'cloudresourcemanager.projects.search': (call, sim) => found(call, sim, String(call.params['query'] ?? '')),
    'cloudresourcemanager.projects.patch': patch,
    'cloudresourcemanager.projects.update': (call, sim) => {
      const project = read(sim, idOf(call));
      const { name, labels } = call.body;
      return show(
        call,
        write(sim, {
          ...project,
          displayName: String(name ?? project.displayName),
          labels: (labels ?? {}) as Record<string, string>,
        }),
      );
    },
    'cloudresourcemanager.projects.getAncestry': (call, sim) => {
      const { projectId } = sim.findProject(idOf(call));
      return { ancestor: [{ resourceId: { type: 'project', id: projectId } }] };
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

function read(sim: Sim, idOrNumber: string): Shown {
  const project = sim.findProject(idOrNumber);
  const record = sim.store.get<ProjectRecord>(KIND, project.projectId);
  if (record) return { ...record, ...project };
  const now = sim.timestamp();
  return write(sim, { ...project, displayName: project.projectId, createTime: now, updateTime: now, etag: '' });
}

function write(sim: Sim, { projectId, projectNumber, ...record }: Shown): Shown {
  const written = { ...record, updateTime: sim.timestamp(), etag: `W/"${sim.id(16)}"` };
  sim.store.put(KIND, projectId, written);
  return { ...written, projectId, projectNumber };
}

function show(call: Call, project: Shown): JsonObject {
  const labels = project.labels && Object.keys(project.labels).length > 0 ? { labels: project.labels } : {};
  if (call.version === 'v1') {
    return {
      projectNumber: project.projectNumber,
      projectId: project.projectId,
      lifecycleState: 'ACTIVE',
      name: project.displayName,
      ...labels,
      createTime: project.createTime,
    };
  }
  return {
    name: `projects/${project.projectNumber}`,
    projectId: project.projectId,
    state: 'ACTIVE',
    displayName: project.displayName,
    createTime: project.createTime,
    updateTime: project.updateTime,
    etag: project.etag,
    ...labels,
  };
}

/** Both query languages, as far as gcloud and people use them: `id:`, `projectId=`, `name:`, `state:`, `labels.KEY:VALUE`, joined by spaces or AND. */
function found(call: Call, sim: Sim, query: string): JsonObject {
  const project = read(sim, sim.project.projectId);
  const terms = query.split(/\s+(?:AND\s+)?/i).filter((term) => term !== '');
  const fits = terms.every((term) => {
    const [, field, value] = /^([\w.]+)[:=]"?([^"]*)"?$/.exec(term) ?? [];
    if (!field || value === undefined)
      throw badRequest(`Request contains an invalid argument: the filter ${term} cannot be read.`);
    return matches(project, field, value);
  });
  return fits ? { projects: [show(call, project)] } : {};
}

function matches(project: Shown, field: string, value: string): boolean {
  const pattern = new RegExp(`^${value.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i');
  if (field.startsWith('labels.')) return pattern.test(project.labels?.[field.slice('labels.'.length)] ?? '\0');
  const known: Record<string, string> = {
    id: project.projectId,
    projectid: project.projectId,
    projectnumber: project.projectNumber,
    name: project.displayName,
    displayname: project.displayName,
    lifecyclestate: 'ACTIVE',
    state: 'ACTIVE',
  };
  return pattern.test(known[field.toLowerCase()] ?? '\0');
}

function patch(call: Call, sim: Sim): JsonObject {
  const project = read(sim, idOf(call));
  const paths = maskPaths(call.params['updateMask'], call.body);
  const wrong = paths.find((path) => path !== 'displayName' && path !== 'labels' && !path.startsWith('labels.'));
  if (wrong) throw invalidField('update_mask', `The field ${wrong} cannot be updated.`);
  const changed = write(sim, applyMask(project as unknown as JsonObject, call.body, paths) as unknown as Shown);
  return {
    name: `operations/up.${sim.id(19)}`,
    done: true,
    response: { '@type': 'type.googleapis.com/google.cloud.resourcemanager.v3.Project', ...show(call, changed) },
  };
}
