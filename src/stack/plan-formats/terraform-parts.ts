import type { Grant } from '../../gcp/iam-policy.ts';
import type { Blueprint } from './blueprint.ts';
import type { HclBlock, HclValue } from './hcl.ts';

/** Every resource waits for the services; Terraform would otherwise begin with all at once. */
export const SERVICES: HclValue = [{ raw: 'google_project_service.mlflow' }];

/** `server` of `server-account`. */
export function accountLabel(id: string): string {
  return id.replace('-account', '');
}

/** An import block where the resource is there already. https://developer.hashicorp.com/terraform/language/import */
export function imported(blueprint: Blueprint, id: string, to: string, address: string): HclBlock[] {
  return blueprint.action(id) === 'create' ? [] : [{ kind: 'import', values: { to: { raw: to }, id: address } }];
}

/** How other blocks name the resource of this id, whose own address is `own`. */
export function reference(blueprint: Blueprint, id: string, own: string): string {
  return blueprint.action(id) === 'adopt' ? `data.${own}` : own;
}

/** The blocks of one resource: made, or imported where it is there. What is somebody else's is read alone, by `known`. */
export function resourceBlocks(
  blueprint: Blueprint,
  id: string,
  { own, address, known, block }: { own: string; address: string; known: Record<string, HclValue>; block: HclBlock },
): HclBlock[] {
  if (blueprint.action(id) === 'adopt') return [{ kind: 'data', labels: own.split('.'), values: known }];
  return [...imported(blueprint, id, own, address), block];
}

/** One block for each member of the grants, on the resource that `place` names. Members of others stay, as `init` leaves them too. */
export function memberBlocks(
  blueprint: Blueprint,
  grants: Grant[],
  place: { type: string; label: string; values: Record<string, HclValue> },
): HclBlock[] {
  const all = grants.flatMap(({ role, members }) => members.map((member) => ({ role, member })));
  return all.map(({ role, member }, index) => ({
    kind: 'resource',
    labels: [place.type, all.length === 1 ? place.label : `${place.label}_${index + 1}`],
    values: { ...place.values, role, member: memberValue(blueprint, member) },
  }));
}

/** By reference where the account is in the configuration too, so that Terraform makes it first. */
function memberValue(blueprint: Blueprint, member: string): HclValue {
  const account = blueprint.accounts.find(({ email }) => member === `serviceAccount:${email}`);
  if (account === undefined) return member;
  return { raw: `${reference(blueprint, account.id, `google_service_account.${accountLabel(account.id)}`)}.member` };
}
