import type { Call, JsonObject, Service, Sim } from '../service.ts';
import { checkEtag } from './etags.ts';
import { deletePolicy, getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { applyMask, maskPaths } from './masks.ts';
import { checkLocation } from './orgpolicy-checks.ts';
import { checkKeyless } from './orgpolicy-usage.ts';
import { newestFirst } from './paging.ts';
import { alreadyExists, badRequest, invalidField } from './refusals.ts';
import { listOf } from './secretmanager-lists.ts';
import {
  canonicalName,
  findSecret,
  listSecrets,
  PAYLOADS,
  readSecret,
  removeSecret,
  type SecretRecord,
  saveSecret,
} from './secretmanager-records.ts';
import { checkSecret, type SecretInput } from './secretmanager-rules.ts';
import { versionMethods } from './secretmanager-versions.ts';

/** Global secrets. https://docs.cloud.google.com/secret-manager/docs/reference/rest */
export const secretmanager: Service = {
  api: 'secretmanager',
  versions: ['v1'],
  methods: {
    'secretmanager.projects.secrets.create': create,
    'secretmanager.projects.secrets.get': (call, sim) => show(secretOf(call, sim)),
    'secretmanager.projects.secrets.list': list,
    'secretmanager.projects.secrets.patch': patch,
    'secretmanager.projects.secrets.delete': (call, sim) => {
      const secret = secretOf(call, sim);
      checkEtag(call.params['etag'], secret.etag);
      removeSecret(sim, secret.name);
      deletePolicy(sim, resource(secret));
      return {};
    },
    'secretmanager.projects.secrets.getIamPolicy': (call, sim) =>
      getPolicy(sim, resource(secretOf(call, sim)), call.params['options.requestedPolicyVersion']),
    'secretmanager.projects.secrets.setIamPolicy': (call, sim) => setPolicy(sim, resource(secretOf(call, sim)), call.body),
    'secretmanager.projects.secrets.testIamPermissions': (call, sim) => {
      secretOf(call, sim);
      return testPermissions(call.body);
    },
    ...versionMethods,
  },
  redact: (kind, value) => (kind === PAYLOADS ? undefined : value),
};

function create(call: Call, sim: Sim): JsonObject {
  const secretId = String(call.params['secretId'] ?? '');
  const parent = canonicalName(sim, String(call.params['parent']));
  if (!/^[a-zA-Z0-9_-]{1,255}$/.test(secretId)) {
    throw invalidField('secret_id', `The provided Secret ID [${secretId}] does not match the expected format [[a-zA-Z_0-9\\-]+]`);
  }
  const input = call.body as SecretInput;
  checkSecret(sim, input);
  if (!input.replication?.automatic === !input.replication?.userManaged) {
    throw invalidField('secret.replication', 'Secret.replication must be set to either automatic or userManaged.');
  }
  const { projectId } = sim.findProject(parent.replace(/^projects\/([^/]+).*$/, '$1'));
  const places = input.replication?.userManaged?.replicas.map(({ location }) => location) ?? ['global'];
  for (const place of places) checkLocation(sim, projectId, place, 'create a secret');
  if (!JSON.stringify(input).includes('kmsKeyName'))
    checkKeyless(sim, projectId, 'secretmanager.googleapis.com', 'create a secret');
  const name = `${parent}/secrets/${secretId}`;
  if (findSecret(sim, name)) throw alreadyExists(`Secret [${name}] already exists.`);
  const { ttl: _, name: __, ...fields } = withExpiry(sim, input);
  removeSecret(sim, name);
  return show(
    saveSecret(sim, { ...(fields as SecretInput), name, createTime: sim.timestamp(), etag: '', versions: 0 } as SecretRecord),
  );
}

function list(call: Call, sim: Sim): JsonObject {
  const all = listSecrets(sim, canonicalName(sim, String(call.params['parent']))).map((secret) => ({
    key: newestFirst(secret.createTime) + secret.name,
    value: show(secret),
  }));
  return listOf('secrets', all, call);
}

const CHANGEABLE = [
  'labels',
  'annotations',
  'expireTime',
  'ttl',
  'rotation',
  'topics',
  'versionAliases',
  'versionDestroyTtl',
  'etag',
];

function patch(call: Call, sim: Sim): JsonObject {
  const secret = secretOf(call, sim);
  if (!call.params['updateMask']) throw badRequest('The update mask must be set.');
  const paths = maskPaths(call.params['updateMask'], call.body).filter((path) => path !== 'name' && path !== 'etag');
  const wrong = paths.find((path) => !CHANGEABLE.includes(path.split('.')[0] ?? ''));
  if (wrong) throw invalidField('update_mask', `The field [${wrong}] cannot be updated.`);
  checkEtag(call.body['etag'], secret.etag);
  const input = withExpiry(sim, call.body as SecretInput);
  const effective = paths.map((path) => (path === 'ttl' ? 'expireTime' : path));
  const changed = applyMask(
    secret as unknown as JsonObject,
    input as unknown as JsonObject,
    effective,
  ) as unknown as SecretRecord;
  checkSecret(sim, changed as unknown as SecretInput, secret.versions);
  return show(saveSecret(sim, changed));
}

/** The secret with `expireTime` in place of a `ttl`, which Google never shows. */
function withExpiry(sim: Sim, input: SecretInput): SecretInput {
  if (input.ttl === undefined) return input;
  return { ...input, expireTime: new Date(sim.now().getTime() + Number.parseFloat(input.ttl) * 1000).toISOString() };
}

function secretOf(call: Call, sim: Sim): SecretRecord {
  return readSecret(sim, canonicalName(sim, String(call.params['name'] ?? call.params['resource'])));
}

function resource(secret: SecretRecord): string {
  return `//secretmanager.googleapis.com/${secret.name}`;
}

/** Maps that were sent empty are left out, as empty maps are everywhere. */
function show({ versions: _, ...secret }: SecretRecord): JsonObject {
  const shown = Object.entries(secret).filter(([field, value]) => {
    const map = ['labels', 'annotations', 'versionAliases', 'tags'].includes(field);
    return field !== 'tags' && !(map && Object.keys(value as object).length === 0);
  });
  return Object.fromEntries(shown) as JsonObject;
}
