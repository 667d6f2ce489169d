import type { PolicyHolder } from '../../gcp/held-permissions.ts';
import { isMissingGrant } from '../access.ts';
import type { Deployment } from '../deployment.ts';
import type { Plan, PlannedResource } from '../plan.ts';
import { holderOf } from './holders.ts';

/** Permissions that are wanted together; `holder`: what may grant them by its own policy, besides the project. */
export interface Need {
  permissions: string[];
  holder?: PolicyHolder;
}

/** The permissions that a resource's functions call for. */
export interface Needs {
  /** To see what is there. */
  look: string[];
  /** To make it. */
  create: string[];
  /** To change what differs, apart from roles. */
  change: string[];
  /** To give roles on it. */
  grant: string[];
}

const NONE: Needs = { look: [], create: [], change: [], grant: [] };
const of = (prefix: string, verbs: string): string[] => (verbs === '' ? [] : verbs.split(' ').map((verb) => `${prefix}.${verb}`));

const ACCOUNT: Needs = {
  ...NONE,
  look: of('iam.serviceAccounts', 'get'),
  create: of('iam.serviceAccounts', 'create'),
};

const ACCOUNT_ROLES: Needs = {
  ...NONE,
  look: of('iam.serviceAccounts', 'get getIamPolicy'),
  create: of('iam.serviceAccounts', 'getIamPolicy setIamPolicy'),
  change: of('iam.serviceAccounts', 'getIamPolicy setIamPolicy'),
  grant: of('iam.serviceAccounts', 'setIamPolicy'),
};

/** One that was deleted is brought back and set to what it should be. */
function federation(kind: string): Needs {
  const all = of(`iam.${kind}`, 'create undelete update');
  return { ...NONE, look: of(`iam.${kind}`, 'get'), create: all, change: of(`iam.${kind}`, 'update') };
}

/**
 * Whoever makes a bucket as owner or editor of the project may then do everything with it, by the bucket's own first policy and not by the
 * project's, so nothing more than making it can be asked of the project.
 * https://docs.cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-intrinsic
 */
const BUCKET: Needs = {
  look: [],
  create: of('storage.buckets', 'create'),
  change: of('storage.buckets', 'update'),
  grant: of('storage.buckets', 'getIamPolicy setIamPolicy'),
};

const SECRET: Needs = {
  look: of('secretmanager', 'secrets.get secrets.getIamPolicy versions.list versions.access'),
  create: of('secretmanager', 'secrets.create secrets.setIamPolicy versions.add'),
  change: of('secretmanager', 'secrets.update versions.add'),
  grant: of('secretmanager.secrets', 'setIamPolicy'),
};

/** By the id of the resource, or the start of it. https://docs.cloud.google.com/iam/docs/permissions-reference */
const NEEDS: Record<string, Needs> = {
  services: { ...NONE, look: of('serviceusage.services', 'get'), create: of('serviceusage.services', 'enable') },
  'server-account': ACCOUNT,
  'build-account': ACCOUNT,
  'deploy-account': ACCOUNT,
  'server-account-roles': ACCOUNT_ROLES,
  'build-account-roles': ACCOUNT_ROLES,
  'deploy-account-roles': ACCOUNT_ROLES,
  'server-key': {
    ...NONE,
    look: of('iam.serviceAccountKeys', 'list'),
    create: of('iam.serviceAccountKeys', 'list create delete'),
    change: of('iam.serviceAccountKeys', 'list create delete'),
  },
  'identity-pool': federation('workloadIdentityPools'),
  'identity-provider': federation('workloadIdentityPoolProviders'),
  'project-roles': {
    ...NONE,
    look: of('resourcemanager.projects', 'getIamPolicy'),
    create: of('resourcemanager.projects', 'setIamPolicy'),
  },
  repository: {
    look: of('artifactregistry.repositories', 'get getIamPolicy'),
    create: of('artifactregistry.repositories', 'create setIamPolicy'),
    change: of('artifactregistry.repositories', 'update'),
    grant: of('artifactregistry.repositories', 'setIamPolicy'),
  },
  'artifact-bucket': BUCKET,
  'build-bucket': BUCKET,
  'sql-instance': {
    ...NONE,
    look: of('cloudsql.instances', 'get list'),
    create: of('cloudsql.instances', 'create'),
    change: of('cloudsql.instances', 'update'),
  },
  database: { ...NONE, look: of('cloudsql.databases', 'get'), create: of('cloudsql.databases', 'create') },
  'database-user': {
    ...NONE,
    look: of('cloudsql.users', 'list'),
    create: [...of('cloudsql.users', 'create update'), 'secretmanager.secrets.update'],
    change: [...of('cloudsql.users', 'create update'), 'secretmanager.secrets.update'],
  },
  'client-certificate': {
    ...NONE,
    look: ['cloudsql.sslCerts.list', ...of('secretmanager', 'secrets.get versions.access')],
    create: [...of('cloudsql.sslCerts', 'create delete'), ...of('secretmanager', 'secrets.create versions.add')],
    change: [...of('cloudsql.sslCerts', 'create delete'), ...of('secretmanager', 'secrets.update versions.add')],
  },
  'secret-': SECRET,
};

/** The needs of the resource of this id; those of a kind that is not in the table are not looked up. */
export function needsOf(id: string): Needs {
  return NEEDS[id] ?? Object.entries(NEEDS).find(([start]) => start.endsWith('-') && id.startsWith(start))?.[1] ?? NONE;
}

/** What carrying out the plan calls for; nothing of what would stay as it is. */
export function needsOfPlan(plan: Plan, deployment: Deployment): Need[] {
  return plan.items.flatMap((item): Need[] => {
    const permissions = permissionsFor(item);
    if (permissions.length === 0) return [];
    const holder = item.observation.action === 'create' ? undefined : holderOf(item.resource.id, deployment);
    return [{ permissions, ...(holder && { holder }) }];
  });
}

function permissionsFor({ resource, observation }: PlannedResource): string[] {
  const { create, change, grant } = needsOf(resource.id);
  const { action, differences } = observation;
  if (action === 'create') return create;
  if (action === 'unchanged') return [];
  const grants = differences.filter(isMissingGrant).length;
  return [...(differences.length > grants ? change : []), ...(grants > 0 ? grant : [])];
}

/** What looking at these resources and making them all calls for: the most that a first run can need. */
export function permissionsToMake(ids: string[]): string[] {
  return [...new Set(ids.map(needsOf).flatMap(({ look, create }) => [...look, ...create]))].sort();
}

/** Everything that may have to be known of before the plan is: all that a run can call for. */
export function permissionsToAsk(ids: string[]): string[] {
  const all = ids.map(needsOf).flatMap(({ look, create, change, grant }) => [...look, ...create, ...change, ...grant]);
  return [...new Set(all)].sort();
}
