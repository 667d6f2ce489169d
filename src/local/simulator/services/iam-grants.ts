import type { Sim } from '../service.ts';
import { projectResource } from './cloudresourcemanager-policy.ts';
import { policyRecord } from './iam-policy.ts';

/** The predefined roles that hold the few permissions which services check on their own, when they act for a service account. */
const ROLES: Record<string, string[]> = {
  'artifactregistry.repositories.downloadArtifacts': [
    'artifactregistry.reader',
    'artifactregistry.writer',
    'artifactregistry.repoAdmin',
    'artifactregistry.admin',
    'cloudbuild.builds.builder',
    'run.serviceAgent',
    'viewer',
    'editor',
    'owner',
  ],
  'artifactregistry.repositories.uploadArtifacts': [
    'artifactregistry.writer',
    'artifactregistry.createOnPushWriter',
    'artifactregistry.repoAdmin',
    'artifactregistry.createOnPushRepoAdmin',
    'artifactregistry.admin',
    'cloudbuild.builds.builder',
    'run.builder',
    'editor',
    'owner',
  ],
  'storage.objects.get': [
    'storage.objectViewer',
    'storage.objectUser',
    'storage.objectAdmin',
    'storage.admin',
    'storage.legacyObjectReader',
    'storage.legacyObjectOwner',
    'cloudbuild.builds.builder',
    'run.builder',
    'viewer',
    'editor',
    'owner',
  ],
  'secretmanager.versions.access': ['secretmanager.secretAccessor', 'secretmanager.admin', 'owner'],
  'run.routes.invoke': ['run.invoker', 'run.servicesInvoker', 'run.admin', 'owner', 'editor'],
  'cloudsql.instances.connect': ['cloudsql.client', 'cloudsql.editor', 'cloudsql.admin', 'editor', 'owner'],
};
const EVERYBODY = ['allUsers', 'allAuthenticatedUsers'];

/**
 * Whether a member holds a permission on a resource, by the policies of the resource and of its project. Conditions on a grant
 * count as met.
 * @param member `serviceAccount:EMAIL`, `user:EMAIL`, or undefined for somebody who is not signed in
 * @param resource its full name, as policies are kept under
 */
export function isGranted(
  sim: Sim,
  member: string | undefined,
  permission: string,
  resource: string,
  projectId: string,
): boolean {
  const roles = new Set((ROLES[permission] ?? []).map((role) => `roles/${role}`));
  const members = member === undefined ? ['allUsers'] : [member, ...EVERYBODY];
  return [resource, projectResource(projectId)].some((name) =>
    policyRecord(sim, name)?.bindings.some(
      (binding) => holds(sim, binding.role, permission, roles) && binding.members.some((one) => members.includes(one)),
    ),
  );
}

function holds(sim: Sim, role: string, permission: string, predefined: Set<string>): boolean {
  if (predefined.has(role)) return true;
  if (!/^(projects|organizations)\//.test(role)) return false;
  const custom = sim.store.get<{ includedPermissions?: string[]; deleted?: boolean }>('iam.roles', role);
  return custom?.deleted !== true && custom?.includedPermissions?.includes(permission) === true;
}
