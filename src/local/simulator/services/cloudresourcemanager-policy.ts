import type { Sim } from '../service.ts';
import { type PolicyRecord, policyRecord, replaceBindings } from './iam-policy.ts';

/** The full name under which a project's policy is kept. */
export function projectResource(projectId: string): string {
  return `//cloudresourcemanager.googleapis.com/projects/${projectId}`;
}

/** The project's policy; a project starts with the one who first asks as its owner, as Google makes the creator its owner. */
export function projectPolicy(sim: Sim, projectId: string, principal: string): PolicyRecord {
  const resource = projectResource(projectId);
  return policyRecord(sim, resource) ?? replaceBindings(sim, resource, [{ role: 'roles/owner', members: [memberOf(principal)] }]);
}

/** Adds a grant of Google's own to the project's policy, when it is not in there. */
export function grantOnProject(sim: Sim, projectId: string, principal: string, role: string, member: string): void {
  const { bindings } = projectPolicy(sim, projectId, principal);
  const plain = bindings.find((binding) => binding.role === role && !binding.condition);
  if (plain?.members.includes(member)) return;
  replaceBindings(sim, projectResource(projectId), [...bindings, { role, members: [member] }]);
}

function memberOf(principal: string): string {
  return principal.endsWith('gserviceaccount.com') ? `serviceAccount:${principal}` : `user:${principal}`;
}
