import type { Call, Handler, Json, JsonObject, Sim } from '../service.ts';
import { predefinedRoles } from './iam-roles.ts';
import { applyMask, maskPaths } from './masks.ts';
import { pageUnder } from './paging.ts';
import { aborted, alreadyExists, badRequest, failedPrecondition, notFound } from './refusals.ts';

/** Read by the check of bindings too. */
const KIND = 'iam.roles';

interface RoleRecord {
  name: string;
  title?: string;
  description?: string;
  includedPermissions?: string[];
  stage?: string;
  etag: string;
  deleted?: boolean;
}

/** https://docs.cloud.google.com/iam/docs/reference/rest/v1/roles and …/projects.roles */
export const roleMethods: Record<string, Handler> = {
  'iam.roles.get': (call) => {
    const name = String(call.params['name']);
    if (!predefinedRoles.includes(name)) throw notFound(`The role named ${name} was not found.`);
    return predefined(name);
  },
  'iam.roles.list': (call, sim) => {
    const parent = String(call.params['parent'] ?? '');
    if (parent.startsWith('projects/')) return listCustom(call, sim, parent);
    return listed(
      'roles',
      predefinedRoles.map((name) => ({ key: name, value: predefined(name) })),
      call.params,
    );
  },
  'iam.roles.queryGrantableRoles': (call) => {
    if (!String(call.body['fullResourceName'] ?? '').startsWith('//')) throw badRequest('Invalid full resource name.');
    const all = predefinedRoles.map((name) => ({ key: name, value: predefined(name) }));
    return listed('roles', all, call.body as Record<string, string | number>);
  },
  'iam.projects.roles.create': create,
  'iam.projects.roles.get': (call, sim) => show(roleOf(call, sim)),
  'iam.projects.roles.list': (call, sim) => listCustom(call, sim, String(call.params['parent'])),
  'iam.projects.roles.patch': (call, sim) => {
    const role = roleOf(call, sim);
    if (role.deleted) throw failedPrecondition(`The role named ${role.name} is deleted.`);
    checkEtag(role, call.body['etag']);
    const paths = maskPaths(call.params['updateMask'], call.body).filter((path) => !['name', 'etag', 'deleted'].includes(path));
    return show(save(sim, applyMask(role as unknown as JsonObject, call.body, paths) as unknown as RoleRecord));
  },
  'iam.projects.roles.delete': (call, sim) => {
    const role = roleOf(call, sim);
    checkEtag(role, call.params['etag']);
    return show(save(sim, { ...role, deleted: true }));
  },
  'iam.projects.roles.undelete': (call, sim) => {
    const { deleted, ...role } = roleOf(call, sim);
    if (!deleted) throw failedPrecondition(`The role named ${role.name} is not deleted.`);
    checkEtag(role, call.body['etag']);
    return show(save(sim, role));
  },
};

function create(call: Call, sim: Sim): JsonObject {
  const { projectId } = sim.findProject(String(call.params['parent']).replace(/^projects\//, ''));
  const roleId = String(call.body['roleId'] ?? '');
  if (!/^[a-zA-Z0-9_.]{3,64}$/.test(roleId))
    throw badRequest(`The role ID ${roleId} must match the regular expression [a-zA-Z0-9_.]{3,64}.`);
  const name = `projects/${projectId}/roles/${roleId}`;
  if (sim.store.get(KIND, name)) throw alreadyExists(`A role named ${roleId} in projects/${projectId} already exists.`);
  const { title, description, includedPermissions, stage } = (call.body['role'] ?? {}) as Partial<RoleRecord>;
  checkPermissions(includedPermissions);
  return show(
    save(sim, {
      name,
      ...(title ? { title } : {}),
      ...(description ? { description } : {}),
      ...(includedPermissions?.length ? { includedPermissions } : {}),
      ...(stage ? { stage } : {}),
      etag: '',
    }),
  );
}

function checkPermissions(permissions: string[] | undefined): void {
  const wrong = permissions?.find((permission) => !/^[a-z][a-zA-Z0-9-]*\.[a-zA-Z0-9]+\.[a-zA-Z0-9.]+$/.test(permission));
  if (wrong) throw badRequest(`Permission ${wrong} is not valid.`);
}

function save(sim: Sim, role: RoleRecord): RoleRecord {
  checkPermissions(role.includedPermissions);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(sim.now().getTime()) * 1000n + BigInt(Number(`0x${sim.id(3)}`) % 1000));
  bytes[0] = 7;
  const saved = { ...role, etag: bytes.toString('base64') };
  sim.store.put(KIND, role.name, saved);
  return saved;
}

function roleOf(call: Call, sim: Sim): RoleRecord {
  const [, project, roleId] = /^projects\/([^/]+)\/roles\/([^/]+)$/.exec(String(call.params['name'])) ?? [];
  const { projectId } = sim.findProject(project ?? '');
  const role = sim.store.get<RoleRecord>(KIND, `projects/${projectId}/roles/${roleId}`);
  if (!role) throw notFound(`The role named ${String(call.params['name'])} was not found.`);
  return role;
}

function checkEtag(role: RoleRecord, sent: unknown): void {
  if (typeof sent === 'string' && sent !== '' && sent !== role.etag) {
    throw aborted('There were concurrent modifications to the role. Please read it again and retry.');
  }
}

function show(role: RoleRecord): JsonObject {
  return role as unknown as JsonObject;
}

function predefined(name: string): JsonObject {
  const [service, ...words] = name.slice('roles/'.length).split('.');
  const title = [service, ...words]
    .map((word) => `${word?.charAt(0).toUpperCase()}${word?.slice(1).replace(/([A-Z])/g, ' $1')}`)
    .join(' ');
  return { name, title, stage: 'GA', etag: 'AA==' };
}

function listCustom(call: Call, sim: Sim, parent: string): JsonObject {
  const { projectId } = sim.findProject(parent.replace(/^projects\//, ''));
  const full = call.params['view'] === 'FULL';
  const all = sim.store
    .list<RoleRecord>(KIND, `projects/${projectId}/roles/`)
    .filter(({ value }) => call.params['showDeleted'] === true || !value.deleted)
    .map(({ key, value: { includedPermissions, ...rest } }) => ({
      key,
      value: { ...rest, ...(full && includedPermissions ? { includedPermissions } : {}) } as unknown as JsonObject,
    }));
  return listed('roles', all, call.params);
}

function listed(
  field: string,
  all: Array<{ key: string; value: JsonObject }>,
  asked: Record<string, Json | string[] | undefined>,
): JsonObject {
  return pageUnder(field, all, {
    size: asked['pageSize'] as number | undefined,
    token: asked['pageToken'] as string | undefined,
    usual: 300,
    most: 1000,
  });
}
