import { rpcCode } from '../error-form.ts';
import type { Call, Handler, Json, JsonObject, Operation, OperationKind, Sim } from '../service.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import {
  canonicalName,
  expiry,
  type FederationRecord,
  findRecord,
  listRecords,
  readRecord,
  saveRecord,
  showRecord,
} from './iam-workload-identity-records.ts';
import { checkId, checkPool, checkProvider } from './iam-workload-identity-rules.ts';
import { applyMask, isObject, maskPaths } from './masks.ts';
import { checkIssuer } from './orgpolicy-checks.ts';
import { page } from './paging.ts';
import { alreadyExists, badRequest, failedPrecondition, notFound } from './refusals.ts';

/** Pools and their providers live alike; this is in what they differ. */
interface Family {
  /** Of the method's ids. */
  prefix: string;
  collection: string;
  idParam: string;
  listField: string;
  type: string;
  check(settings: JsonObject): void;
}
const POOLS = 'iam.projects.locations.workloadIdentityPools';
const FAMILIES: Family[] = [
  {
    prefix: POOLS,
    collection: 'workloadIdentityPools',
    idParam: 'workloadIdentityPoolId',
    listField: 'workloadIdentityPools',
    type: 'WorkloadIdentityPool',
    check: checkPool,
  },
  {
    prefix: `${POOLS}.providers`,
    collection: 'providers',
    idParam: 'workloadIdentityPoolProviderId',
    listField: 'workloadIdentityPoolProviders',
    type: 'WorkloadIdentityPoolProvider',
    check: checkProvider,
  },
];

/** Who from outside may be somebody here. https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools */
export const federationMethods: Record<string, Handler> = {
  ...Object.assign({}, ...FAMILIES.map(methodsOf)),
  [`${POOLS}.getIamPolicy`]: (call, sim) => getPolicy(sim, policyResource(call, sim)),
  [`${POOLS}.setIamPolicy`]: (call, sim) => setPolicy(sim, policyResource(call, sim), call.body),
  [`${POOLS}.testIamPermissions`]: (call, sim) => {
    policyResource(call, sim);
    return testPermissions(call.body);
  },
};

/** What the long operations do when their time is over; each has the record as it will be. */
export const federationOperations: Record<string, OperationKind> = {
  federation: {
    usual: 'iam.workloadIdentityPools',
    finish(operation, sim) {
      const record = operation.data['record'] as unknown as FederationRecord;
      saveRecord(sim, record);
      return { '@type': `type.googleapis.com/google.iam.v1.${String(operation.data['type'])}`, ...showRecord(record) };
    },
  },
};

function methodsOf(family: Family): Record<string, Handler> {
  const { prefix } = family;
  return {
    [`${prefix}.create`]: (call, sim) => create(family, call, sim),
    [`${prefix}.get`]: (call, sim) => showRecord(recordOf(call, sim)),
    [`${prefix}.list`]: (call, sim) => list(family, call, sim),
    [`${prefix}.patch`]: (call, sim) => patch(family, call, sim),
    [`${prefix}.delete`]: (call, sim) => start(family, call, sim, { ...alive(recordOf(call, sim)), expireTime: expiry(sim) }),
    [`${prefix}.undelete`]: (call, sim) => {
      const { expireTime, ...record } = recordOf(call, sim);
      if (expireTime === undefined) throw failedPrecondition('The entity is not deleted.');
      return start(family, call, sim, record);
    },
    [`${prefix}.operations.get`]: (call, sim) => {
      const operation = sim.operations.get(/\/operations\/([^/]+)$/.exec(String(call.params['name']))?.[1] ?? '');
      if (operation?.api !== 'iam') throw notFound('Requested entity was not found.');
      return showOperation(operation);
    },
  };
}

function recordOf(call: Call, sim: Sim): FederationRecord {
  return readRecord(sim, canonicalName(sim, String(call.params['name'])));
}

function policyResource(call: Call, sim: Sim): string {
  return `//iam.googleapis.com/${readRecord(sim, canonicalName(sim, String(call.params['resource']))).name}`;
}

function alive(record: FederationRecord): FederationRecord {
  if (record.expireTime !== undefined) throw failedPrecondition('The entity is deleted already.');
  return record;
}

function create(family: Family, call: Call, sim: Sim): JsonObject {
  const parent = canonicalName(sim, String(call.params['parent']));
  if (family.collection === 'providers') alive(readRecord(sim, parent));
  else if (!parent.endsWith('/locations/global')) throw badRequest('The location must be global.');
  const id = String(call.params[family.idParam] ?? '');
  checkId(id, family.idParam);
  const { name: _, ...settings } = call.body;
  family.check(settings);
  checkAllowed(sim, parent, settings);
  const name = `${parent}/${family.collection}/${id}`;
  if (findRecord(sim, name)) throw alreadyExists('Requested entity already exists');
  saveRecord(sim, { name, settings, ready: false });
  return start(family, call, sim, { name, settings, ready: true });
}

/** What the organisation says of a provider's issuer. */
function checkAllowed(sim: Sim, parent: string, { oidc }: JsonObject): void {
  if (isObject(oidc)) checkIssuer(sim, parent.split('/')[1] ?? '', String(oidc['issuerUri']));
}

function patch(family: Family, call: Call, sim: Sim): JsonObject {
  const record = alive(recordOf(call, sim));
  const { name: _, ...sent } = call.body;
  const paths = maskPaths(call.params['updateMask'], sent).filter((path) => path !== 'name');
  const settings = applyMask(record.settings, sent, paths);
  family.check(settings);
  return start(family, call, sim, { ...record, settings });
}

function list(family: Family, call: Call, sim: Sim): JsonObject {
  const parent = canonicalName(sim, String(call.params['parent']));
  if (family.collection === 'providers') readRecord(sim, parent);
  const all = listRecords(sim, parent, family.collection)
    .filter((record) => record.expireTime === undefined || call.params['showDeleted'] === true)
    .map((record) => ({ key: record.name, value: showRecord(record) }));
  const { pageSize: size, pageToken: token } = call.params;
  const { items, nextPageToken } = page(all, { size, token, usual: 50, most: 1000 });
  return { ...(items.length > 0 ? { [family.listField]: items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
}

function start(family: Family, call: Call, sim: Sim, record: FederationRecord): JsonObject {
  const data = { type: family.type, record: record as unknown as Json };
  return showOperation(sim.operations.start({ api: 'iam', kind: 'federation', data, principal: call.principal }));
}

function showOperation({ id, data, done, response, error }: Operation): JsonObject {
  const { name } = data['record'] as unknown as FederationRecord;
  return {
    name: `${name}/operations/${id}`,
    metadata: { '@type': `type.googleapis.com/google.iam.v1.${String(data['type'])}OperationMetadata` },
    ...(done ? { done } : {}),
    ...(error ? { error: { code: rpcCode(error), message: error.message } } : {}),
    ...(done && !error ? { response: response ?? {} } : {}),
  };
}
