/**
 * The role to ask for where a permission is missing: the narrowest predefined one that carries what this program does with a
 * service, by the start of the permission's name; the longest start wins.
 * https://docs.cloud.google.com/iam/docs/roles-permissions
 */
const ROLE_BY_PERMISSION: Record<string, string> = {
  'artifactregistry.': 'roles/artifactregistry.admin',
  'billing.': 'roles/billing.projectManager',
  'certificatemanager.': 'roles/certificatemanager.editor',
  'cloudbuild.': 'roles/cloudbuild.builds.editor',
  'cloudsql.': 'roles/cloudsql.admin',
  'compute.': 'roles/compute.loadBalancerAdmin',
  // The load balancer role may attach a security policy but not make one.
  'compute.securityPolicies.': 'roles/compute.securityAdmin',
  'dns.': 'roles/dns.admin',
  'domains.': 'roles/domains.admin',
  'iam.serviceAccountKeys.': 'roles/iam.serviceAccountKeyAdmin',
  'iam.serviceAccounts.': 'roles/iam.serviceAccountAdmin',
  'iam.serviceAccounts.actAs': 'roles/iam.serviceAccountUser',
  'iam.serviceAccounts.getAccessToken': 'roles/iam.serviceAccountTokenCreator',
  'iam.serviceAccounts.signBlob': 'roles/iam.serviceAccountTokenCreator',
  'iam.serviceAccounts.signJwt': 'roles/iam.serviceAccountTokenCreator',
  'iam.workloadIdentityPool': 'roles/iam.workloadIdentityPoolAdmin',
  'iap.': 'roles/iap.admin',
  'orgpolicy.': 'roles/orgpolicy.policyViewer',
  'resourcemanager.projects.get': 'roles/browser',
  'resourcemanager.projects.getIamPolicy': 'roles/resourcemanager.projectIamAdmin',
  'resourcemanager.projects.setIamPolicy': 'roles/resourcemanager.projectIamAdmin',
  'resourcemanager.projects.create': 'roles/resourcemanager.projectCreator',
  'run.': 'roles/run.admin',
  'secretmanager.': 'roles/secretmanager.admin',
  'serviceusage.': 'roles/serviceusage.serviceUsageAdmin',
  // What x-goog-user-project wants of the caller.
  'serviceusage.services.use': 'roles/serviceusage.serviceUsageConsumer',
  'storage.': 'roles/storage.admin',
};

/** Older APIs do not name the permission; then the host tells the service. */
const PERMISSION_START_BY_SERVICE: Record<string, string> = {
  artifactregistry: 'artifactregistry.',
  certificatemanager: 'certificatemanager.',
  cloudbilling: 'billing.',
  cloudbuild: 'cloudbuild.',
  cloudresourcemanager: 'resourcemanager.projects.setIamPolicy',
  compute: 'compute.',
  dns: 'dns.',
  domains: 'domains.',
  iam: 'iam.serviceAccounts.',
  iamcredentials: 'iam.serviceAccounts.getAccessToken',
  iap: 'iap.',
  orgpolicy: 'orgpolicy.',
  run: 'run.',
  secretmanager: 'secretmanager.',
  serviceusage: 'serviceusage.',
  sqladmin: 'cloudsql.',
  storage: 'storage.',
};

/** A predefined role that carries the permission, or undefined for one that we do not use. */
export function roleWith(permission: string): string | undefined {
  const start = Object.keys(ROLE_BY_PERMISSION)
    .filter((candidate) => permission.startsWith(candidate))
    .sort((a, b) => b.length - a.length)[0];
  return start === undefined ? undefined : ROLE_BY_PERMISSION[start];
}

const SQL_VERBS: Record<string, string> = { POST: 'create', PATCH: 'update', PUT: 'update', DELETE: 'delete' };

/**
 * The permission that a call of Cloud SQL wants, by its method and path: the API itself answers without naming it. Undefined for
 * other calls. https://docs.cloud.google.com/sql/docs/postgres/iam-permissions
 */
export function sqlPermission(host: string, method: string, path: string): string | undefined {
  if (host !== 'sqladmin.googleapis.com') return undefined;
  const match = /\/projects\/[^/]+\/instances(?:\/[^/]+\/(databases|users))?(\/[^/]+)?$/.exec(path);
  if (match === null) return undefined;
  const verb = method === 'GET' ? (match[2] === undefined ? 'list' : 'get') : SQL_VERBS[method];
  return verb === undefined ? undefined : `cloudsql.${match[1] ?? 'instances'}.${verb}`;
}

/** The role for what this program asks of a host such as `us-central1-run.googleapis.com`. */
export function roleForHost(host: string): string | undefined {
  const service = serviceOfHost(host).split('.')[0] ?? '';
  const start = PERMISSION_START_BY_SERVICE[service];
  return start === undefined ? undefined : roleWith(start);
}

/** `run.googleapis.com` of a regional host, `us-central1-run.googleapis.com`. */
export function serviceOfHost(host: string): string {
  return host.replace(/^[a-z]+-[a-z]+\d+-/, '');
}
