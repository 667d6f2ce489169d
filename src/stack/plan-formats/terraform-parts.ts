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
function memberValue({ accounts }: Blueprint, member: string): HclValue {
  const account = accounts.find(({ email }) => member === `serviceAccount:${email}`);
  return account === undefined ? member : { raw: `google_service_account.${accountLabel(account.id)}.member` };
}
