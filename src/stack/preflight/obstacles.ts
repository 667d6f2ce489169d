import type { Deployment } from '../deployment.ts';
import { GITHUB_ISSUER } from '../github-trust.ts';
import type { Plan } from '../plan.ts';
import { requiredServices } from '../resources/services.ts';
import { isInGroup, regionOf } from './locations.ts';
import { allowedValues, isEnforced, type Policies, permits } from './policy-values.ts';

/** A policy of the organisation that forbids a step of the plan. */
export interface Obstacle {
  /** Without `constraints/`. */
  constraint: string;
  /** What it forbids, as half a sentence: `public addresses for databases`. */
  forbids: string;
  /** Titles of the resources that it keeps from being made. */
  where: string[];
  /** What can be done besides asking for an exception. */
  wayRound?: string;
}

/** What of a plan the constraints are about. */
interface Ahead {
  policies: Policies;
  deployment: Deployment;
  /** Titles of what would be made, by id. */
  made: ReadonlyMap<string, string>;
}

type Rule = (ahead: Ahead) => Obstacle[];

const ACCOUNT_FLAGS: Record<string, string> = {
  'server-account': '--service-account ID',
  'build-account': '--build-service-account ID',
};
/** By resource, the service whose key is wanted and the flag by which one that has a key is adopted. */
const KEYED: Array<{ id: string; service: string; flag?: string }> = [
  { id: 'sql-instance', service: 'sqladmin.googleapis.com', flag: '--instance NAME' },
  { id: 'artifact-bucket', service: 'storage.googleapis.com', flag: '--bucket NAME' },
  { id: 'build-bucket', service: 'storage.googleapis.com' },
  { id: 'repository', service: 'artifactregistry.googleapis.com', flag: '--repository NAME' },
  { id: 'secret-artifact_url', service: 'secretmanager.googleapis.com' },
  { id: 'run-service', service: 'run.googleapis.com' },
];
/** What is made in the deployment's region. */
const REGIONAL = ['artifact-bucket', 'build-bucket', 'repository', 'sql-instance', 'run-service'];

const LOCATIONS = 'gcp.resourceLocations';

const RULES: Record<string, Rule> = {
  'iam.disableServiceAccountCreation': noAccounts('iam.disableServiceAccountCreation'),
  'iam.managed.disableServiceAccountCreation': noAccounts('iam.managed.disableServiceAccountCreation'),
  'iam.disableServiceAccountKeyCreation': noKeys('iam.disableServiceAccountKeyCreation'),
  'iam.managed.disableServiceAccountKeyCreation': noKeys('iam.managed.disableServiceAccountKeyCreation'),
  'iam.workloadIdentityPoolProviders': issuers,
  [LOCATIONS]: locations,
  'sql.restrictPublicIp': noPublicDatabase,
  'run.allowedIngress': ingress,
  'run.managed.requireInvokerIam': openDoor,
  'gcp.restrictServiceUsage': services,
  'gcp.restrictNonCmekServices': keys,
  'iam.managed.allowedPolicyMembers': members,
};

/** The constraints that can forbid a step; {@link LOCATIONS} is asked first, and alone where it cannot be. */
export const CONSTRAINTS: string[] = [LOCATIONS, ...Object.keys(RULES).filter((name) => name !== LOCATIONS)];

/**
 * What the policies forbid of the plan. Pure. What is there already is never forbidden: policies are about what is made.
 * `deployed`: the Cloud Run service is there.
 */
export function obstaclesOf(
  policies: Policies,
  plan: Plan,
  deployment: Deployment,
  { deployed }: { deployed: boolean },
): Obstacle[] {
  const made = new Map(
    plan.items.filter(({ observation }) => observation.action === 'create').map(({ resource }) => [resource.id, resource.title]),
  );
  if (!deployed) made.set('run-service', `Cloud Run service ${deployment.service.name}`);
  return Object.values(RULES).flatMap((rule) => rule({ policies, deployment, made }));
}

/**
 * Where values of new secrets may be kept: undefined for anywhere, which Google chooses by itself; the deployment's region where a policy
 * keeps things from being everywhere. https://docs.cloud.google.com/secret-manager/docs/choosing-replication
 */
export function secretLocations(policies: Policies, { region }: Deployment): string[] | undefined {
  return permits(policies, LOCATIONS, 'global', isInGroup) === false ? [region] : undefined;
}

function titles({ made }: Ahead, ids: string[]): string[] {
  return ids.map((id) => made.get(id)).filter((title) => title !== undefined);
}

function noAccounts(constraint: string): Rule {
  return (ahead) => {
    const ids = [...Object.keys(ACCOUNT_FLAGS), 'deploy-account'].filter((id) => ahead.made.has(id));
    if (ids.length === 0 || !isEnforced(ahead.policies, constraint)) return [];
    const flags = ids.map((id) => ACCOUNT_FLAGS[id]).filter((flag) => flag !== undefined);
    // The account that a CI service deploys as is none that others use.
    const ci =
      flags.length === ids.length
        ? ''
        : ' Deployments by a CI service need an account of their own: go without --ci, or ask for an exception.';
    const adopt = flags.length === 0 ? '' : `Have an administrator make them, and adopt them with ${flags.join(' and ')}.`;
    const wayRound = `${adopt}${ci}`.trim();
    return [{ constraint, forbids: 'new service accounts', where: titles(ahead, ids), wayRound }];
  };
}

function noKeys(constraint: string): Rule {
  return (ahead) => {
    const where = titles(ahead, ['server-key']);
    if (where.length === 0 || !isEnforced(ahead.policies, constraint)) return [];
    const wayRound = 'Go without a key: --credentials keyless --impersonator user:YOUR_EMAIL';
    return [{ constraint, forbids: 'keys of service accounts', where, wayRound }];
  };
}

function issuers(ahead: Ahead): Obstacle[] {
  const constraint = 'iam.workloadIdentityPoolProviders';
  const where = titles(ahead, ['identity-provider']);
  if (where.length === 0 || permits(ahead.policies, constraint, GITHUB_ISSUER) !== false) return [];
  return [{ constraint, forbids: `tokens of ${GITHUB_ISSUER}`, where }];
}

function locations(ahead: Ahead): Obstacle[] {
  const { policies, deployment } = ahead;
  const where = titles(ahead, REGIONAL);
  if (where.length === 0 || permits(policies, LOCATIONS, deployment.region, isInGroup) !== false) return [];
  const allowed = allowedValues(policies, LOCATIONS);
  const region = allowed.map(regionOf).find((one) => one !== undefined && permits(policies, LOCATIONS, one, isInGroup) === true);
  const told = allowed.length === 0 ? '' : ` It allows ${allowed.join(', ')}.`;
  const forbids = `region ${deployment.region}`;
  return [
    {
      constraint: LOCATIONS,
      forbids,
      where,
      wayRound: `Choose another region with --region${region ? ` ${region}` : ''}.${told}`,
    },
  ];
}

function noPublicDatabase(ahead: Ahead): Obstacle[] {
  const constraint = 'sql.restrictPublicIp';
  const where = titles(ahead, ['sql-instance']);
  if (where.length === 0 || !isEnforced(ahead.policies, constraint)) return [];
  const wayRound =
    'Cloud Run reaches the database by its public address, to which no network is let in: every connection is authorised by IAM. Adopt an instance that has one with --instance NAME.';
  return [{ constraint, forbids: 'public addresses for databases', where, wayRound }];
}

function ingress(ahead: Ahead): Obstacle[] {
  const constraint = 'run.allowedIngress';
  const { policies, deployment } = ahead;
  const wanted = deployment.service.ingress;
  const where = titles(ahead, ['run-service']);
  if (where.length === 0 || permits(policies, constraint, wanted) !== false) return [];
  const other = ['internal-and-cloud-load-balancing', 'internal', 'all'].find(
    (one) => permits(policies, constraint, one) === true,
  );
  const wayRound = other && `Use --ingress ${other}; clients then come ${CLIENTS[other]}.`;
  return [{ constraint, forbids: `ingress ${wanted}`, where, ...(wayRound && { wayRound }) }];
}

const CLIENTS: Record<string, string> = {
  all: 'from everywhere',
  internal: 'from the networks of the project alone',
  'internal-and-cloud-load-balancing': 'through a load balancer or from the networks of the project',
};

function openDoor(ahead: Ahead): Obstacle[] {
  const constraint = 'run.managed.requireInvokerIam';
  const where = titles(ahead, ['run-service']);
  if (where.length === 0 || ahead.deployment.service.invoker === 'all-users' || !isEnforced(ahead.policies, constraint))
    return [];
  const wayRound = mayBeInvokedByAll(ahead.policies)
    ? 'Use --invoker all-users: everybody may then call the service by IAM, and the server asks for user name and password as before.'
    : 'MLflow clients cannot sign in to Google, and the policy on members keeps --invoker all-users from opening the service by IAM.';
  return [{ constraint, forbids: 'services without the IAM invoker check', where, wayRound }];
}

/** Whether `allUsers` may be given a role. */
function mayBeInvokedByAll(policies: Policies): boolean {
  return !forbidsMember(policies, 'allUsers') && permits(policies, 'iam.allowedPolicyMemberDomains', 'allUsers') !== false;
}

function services(ahead: Ahead): Obstacle[] {
  const constraint = 'gcp.restrictServiceUsage';
  const denied = requiredServices(ahead.deployment).filter((service) => permits(ahead.policies, constraint, service) === false);
  const supported = denied.filter((service) => !ALWAYS_USABLE.includes(service));
  if (supported.length === 0 || ahead.made.size === 0) return [];
  return [{ constraint, forbids: supported.join(', '), where: titles(ahead, ['services']) }];
}

/** The constraint does not reach these. https://docs.cloud.google.com/resource-manager/docs/organization-policy/restricting-resources */
const ALWAYS_USABLE = ['iam', 'iamcredentials', 'sts', 'cloudresourcemanager', 'serviceusage'].map(
  (name) => `${name}.googleapis.com`,
);

function keys(ahead: Ahead): Obstacle[] {
  const constraint = 'gcp.restrictNonCmekServices';
  const hit = KEYED.filter(({ id, service }) => ahead.made.has(id) && permits(ahead.policies, constraint, service) === false);
  if (hit.length === 0) return [];
  const flags = hit.map(({ flag }) => flag).filter((flag) => flag !== undefined);
  const wayRound = flags.length === hit.length ? `Adopt what has such a key with ${flags.join(' and ')}.` : undefined;
  const where = titles(
    ahead,
    hit.map(({ id }) => id),
  );
  return [{ constraint, forbids: 'what is not encrypted with a key of your own', where, ...(wayRound && { wayRound }) }];
}

function members(ahead: Ahead): Obstacle[] {
  const constraint = 'iam.managed.allowedPolicyMembers';
  const { serverAccount, buildAccount } = ahead.deployment;
  const hit = [serverAccount, buildAccount].filter((email) => forbidsMember(ahead.policies, `serviceAccount:${email}`));
  if (hit.length === 0 || ahead.made.size === 0) return [];
  return [{ constraint, forbids: `roles for ${hit.join(' and ')}`, where: titles(ahead, ['project-roles']) }];
}

/** Whether the managed policy keeps a member out; one that names sets of an organisation, folder or project is taken to let in our own. */
function forbidsMember(policies: Policies, member: string): boolean {
  const rule = policies.get('iam.managed.allowedPolicyMembers')?.rules.find(({ enforce }) => enforce);
  if (rule === undefined) return false;
  const texts = (name: string): string[] => (Array.isArray(rule.parameters[name]) ? (rule.parameters[name] as string[]) : []);
  if (texts('allowedMemberSubjects').includes(member)) return false;
  const own = member.startsWith('serviceAccount:');
  return !(own && texts('allowedPrincipalSets').some((set) => set.startsWith('//cloudresourcemanager.googleapis.com/')));
}
