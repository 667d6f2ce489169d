/**
 * What the predefined roles hold, as far as the permissions go that the simulator checks: patterns with `*` for any letters and dots, `-` in front of
 * what is left out again. https://docs.cloud.google.com/iam/docs/roles-permissions
 */
const PROJECT = 'resourcemanager.projects.get';
const READ_ALL =
  '*.get *.list *.getIamPolicy -storage.* -secretmanager.versions.access storage.buckets.list storage.hmacKeys.get storage.hmacKeys.list';
// What else they may do with a bucket its own policy gives them: https://docs.cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-intrinsic
const BASIC_STORAGE =
  '-storage.* storage.buckets.create storage.buckets.delete storage.buckets.list storage.folders.* storage.hmacKeys.*';
const ARTIFACT_READ =
  'artifactregistry.*.get artifactregistry.*.list artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.readViaVirtualRepository';
const ARTIFACT_WRITE = `${ARTIFACT_READ} artifactregistry.repositories.uploadArtifacts artifactregistry.tags.create artifactregistry.tags.update`;
const ARTIFACT_ADMIN = `${ARTIFACT_WRITE} artifactregistry.*.delete artifactregistry.repositories.deleteArtifacts -artifactregistry.repositories.delete`;
const OBJECT_READ = 'storage.objects.get storage.objects.list';
const BUILDER = `cloudbuild.builds.* ${ARTIFACT_WRITE} storage.buckets.create storage.buckets.get storage.buckets.list ${OBJECT_READ} storage.objects.create storage.objects.update storage.objects.delete logging.logEntries.* ${PROJECT}`;

const ROLES: Record<string, string> = {
  // Owners may let somebody stand in for a service account, and may not do so themselves: https://docs.cloud.google.com/iam/docs/service-account-permissions
  owner: `* -iam.serviceAccounts.getAccessToken -iam.serviceAccounts.getOpenIdToken -iam.serviceAccounts.sign* ${BASIC_STORAGE}`,
  editor: `* -*.setIamPolicy -resourcemanager.* -billing.* -secretmanager.versions.access -iam.serviceAccounts.get?* -iam.serviceAccounts.sign* -iam.roles.* ${BASIC_STORAGE} resourcemanager.projects.get iam.serviceAccounts.getIamPolicy`,
  viewer: READ_ALL,
  reader: READ_ALL,
  browser: 'resourcemanager.projects.get resourcemanager.projects.getIamPolicy',
  'artifactregistry.reader': ARTIFACT_READ,
  'artifactregistry.writer': ARTIFACT_WRITE,
  'artifactregistry.repoAdmin': ARTIFACT_ADMIN,
  'artifactregistry.createOnPushWriter': `${ARTIFACT_WRITE} artifactregistry.repositories.createOnPush`,
  'artifactregistry.createOnPushRepoAdmin': `${ARTIFACT_ADMIN} artifactregistry.repositories.createOnPush`,
  'artifactregistry.serviceAgent': `${ARTIFACT_WRITE} storage.objects.get`,
  'billing.projectManager': 'resourcemanager.projects.createBillingAssignment resourcemanager.projects.deleteBillingAssignment',
  'certificatemanager.owner': `certificatemanager.* ${PROJECT}`,
  'cloudbuild.builds.builder': BUILDER,
  'cloudbuild.builds.editor': `cloudbuild.builds.* ${PROJECT}`,
  'cloudbuild.builds.viewer': `cloudbuild.builds.get cloudbuild.builds.list ${PROJECT}`,
  'cloudbuild.serviceAgent': `${BUILDER} iam.serviceAccounts.*`,
  'cloudsql.client': 'cloudsql.instances.connect cloudsql.instances.get',
  'cloudsql.editor':
    'cloudsql.* -cloudsql.*.delete -cloudsql.instances.create -cloudsql.users.* cloudsql.users.get cloudsql.users.list -cloudsql.sslCerts.create',
  'cloudsql.instanceUser': 'cloudsql.instances.get cloudsql.instances.login',
  'compute.loadBalancerAdmin':
    'compute.globalAddresses.* compute.regionNetworkEndpointGroups.* compute.backendServices.* compute.sslCertificates.* compute.sslPolicies.* compute.urlMaps.* compute.target* compute.globalForwardingRules.* compute.securityPolicies.get compute.securityPolicies.list compute.securityPolicies.use resourcemanager.projects.get',
  'compute.networkAdmin':
    'compute.* -compute.securityPolicies.create -compute.securityPolicies.update -compute.securityPolicies.delete -compute.sslCertificates.create -compute.sslCertificates.delete -compute.*.setIamPolicy resourcemanager.projects.get',
  'compute.securityAdmin':
    'compute.securityPolicies.* compute.sslCertificates.* compute.sslPolicies.* compute.backendServices.setSecurityPolicy compute.*.get compute.*.list',
  'compute.publicIpAdmin': 'compute.globalAddresses.* compute.addresses.*',
  'dns.reader': `dns.*.get dns.*.list ${PROJECT}`,
  'iam.roleAdmin': `iam.roles.* ${PROJECT}`,
  'iam.roleViewer': `iam.roles.get iam.roles.list ${PROJECT}`,
  'iam.securityAdmin': '*.getIamPolicy *.setIamPolicy iam.*.get iam.*.list iam.roles.* resourcemanager.projects.get',
  'iam.securityReviewer': '*.getIamPolicy *.list',
  'iam.serviceAccountAdmin': `iam.serviceAccounts.* -iam.serviceAccounts.actAs -iam.serviceAccounts.getAccessToken -iam.serviceAccounts.getOpenIdToken -iam.serviceAccounts.sign* ${PROJECT}`,
  'iam.serviceAccountCreator': `iam.serviceAccounts.create iam.serviceAccounts.get iam.serviceAccounts.list ${PROJECT}`,
  'iam.serviceAccountDeleter': `iam.serviceAccounts.delete iam.serviceAccounts.get iam.serviceAccounts.list ${PROJECT}`,
  'iam.serviceAccountKeyAdmin': `iam.serviceAccountKeys.* iam.serviceAccounts.get iam.serviceAccounts.list ${PROJECT}`,
  'iam.serviceAccountOpenIdTokenCreator': 'iam.serviceAccounts.getOpenIdToken',
  'iam.serviceAccountTokenCreator':
    'iam.serviceAccounts.getAccessToken iam.serviceAccounts.getOpenIdToken iam.serviceAccounts.signBlob iam.serviceAccounts.signJwt iam.serviceAccounts.get iam.serviceAccounts.list',
  'iam.serviceAccountUser': `iam.serviceAccounts.actAs iam.serviceAccounts.get iam.serviceAccounts.list ${PROJECT}`,
  'iam.serviceAccountViewer': `iam.serviceAccounts.get iam.serviceAccounts.getIamPolicy iam.serviceAccounts.list iam.serviceAccountKeys.get iam.serviceAccountKeys.list ${PROJECT}`,
  'iam.workloadIdentityPoolAdmin': `iam.workloadIdentityPool* ${PROJECT}`,
  'iam.workloadIdentityPoolViewer': `iam.workloadIdentityPool*.get iam.workloadIdentityPool*.list ${PROJECT}`,
  'iam.workloadIdentityUser': 'iam.serviceAccounts.getAccessToken iam.serviceAccounts.getOpenIdToken iam.serviceAccounts.get',
  'iap.admin': 'iap.*.getIamPolicy iap.*.setIamPolicy',
  'iap.httpsResourceAccessor': 'iap.webServiceVersions.accessViaIAP',
  'iap.settingsAdmin': 'iap.*.getSettings iap.*.updateSettings',
  'logging.logWriter': 'logging.logEntries.create',
  'logging.privateLogViewer': `logging.*.list logging.*.get ${PROJECT}`,
  'orgpolicy.policyAdmin': 'orgpolicy.*',
  'orgpolicy.policyViewer': 'orgpolicy.*.get orgpolicy.*.list',
  'resourcemanager.projectIamAdmin': `resourcemanager.projects.getIamPolicy resourcemanager.projects.setIamPolicy ${PROJECT}`,
  'resourcemanager.projectDeleter': 'resourcemanager.projects.delete',
  'run.developer': `run.* -run.*.setIamPolicy -run.routes.invoke ${PROJECT}`,
  'run.invoker': 'run.routes.invoke run.jobs.run',
  'run.servicesInvoker': 'run.routes.invoke',
  'run.jobsExecutor': 'run.jobs.run run.jobs.get run.jobs.list run.executions.*',
  'run.builder': `${ARTIFACT_WRITE} ${OBJECT_READ} storage.objects.create logging.logEntries.create ${PROJECT}`,
  'run.serviceAgent': `run.* iam.serviceAccounts.actAs iam.serviceAccounts.get* iam.serviceAccounts.sign* ${ARTIFACT_READ} ${OBJECT_READ} compute.*.get compute.*.list`,
  'run.sourceDeveloper': `run.* -run.*.setIamPolicy -run.routes.invoke ${PROJECT} cloudbuild.builds.get cloudbuild.builds.list serviceusage.services.use`,
  'secretmanager.secretAccessor': 'secretmanager.versions.access',
  'secretmanager.secretVersionAdder': 'secretmanager.versions.add',
  'secretmanager.secretVersionManager':
    'secretmanager.versions.add secretmanager.versions.get secretmanager.versions.list secretmanager.versions.enable secretmanager.versions.disable secretmanager.versions.destroy',
  'serviceusage.serviceUsageAdmin': 'serviceusage.*',
  'serviceusage.serviceUsageConsumer': 'serviceusage.services.get serviceusage.services.list serviceusage.services.use',
  'serviceusage.serviceUsageViewer': 'serviceusage.services.get serviceusage.services.list',
  'storage.bucketViewer': 'storage.buckets.get storage.buckets.list',
  'storage.objectViewer': `${OBJECT_READ} ${PROJECT}`,
  'storage.objectCreator': `storage.objects.create ${PROJECT}`,
  'storage.objectUser': `storage.objects.* -storage.objects.*IamPolicy ${PROJECT}`,
  'storage.objectAdmin': `storage.objects.* storage.managedFolders.* ${PROJECT}`,
  'storage.legacyBucketReader': 'storage.buckets.get storage.objects.list',
  'storage.legacyBucketWriter': 'storage.buckets.get storage.objects.list storage.objects.create storage.objects.delete',
  'storage.legacyBucketOwner':
    'storage.buckets.get storage.buckets.update storage.buckets.getIamPolicy storage.buckets.setIamPolicy storage.objects.list storage.objects.create storage.objects.delete',
  'storage.legacyObjectReader': 'storage.objects.get',
  'storage.legacyObjectOwner':
    'storage.objects.get storage.objects.update storage.objects.getIamPolicy storage.objects.setIamPolicy',
};
/** Where the permissions of a service have another name than its roles. */
const PREFIXES: Record<string, string> = { resourcemanager: 'resourcemanager', billing: 'billing' };
const cache = new Map<string, Array<{ allow: boolean; pattern: RegExp }>>();

/**
 * Whether a predefined role holds a permission. A role that is not in the table holds what its name says: an administrator everything of the
 * service, an editor all but its policies, a viewer what reads.
 * @param role `roles/run.invoker`
 */
export function roleHolds(role: string, permission: string): boolean {
  const patterns = cache.get(role) ?? compile(role);
  cache.set(role, patterns);
  let held = false;
  for (const { allow, pattern } of patterns) if (pattern.test(permission)) held = allow;
  return held;
}

function compile(role: string): Array<{ allow: boolean; pattern: RegExp }> {
  const name = role.replace(/^roles\//, '');
  return (ROLES[name] ?? byName(name))
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const text = word.replace(/^-/, '').replaceAll('.', '\\.').replaceAll('?', '.').replaceAll('*', '.*');
      return { allow: !word.startsWith('-'), pattern: new RegExp(`^${text}$`) };
    });
}

function byName(name: string): string {
  const [service = '', kind] = name.split('.');
  const prefix = PREFIXES[service] ?? service;
  if (kind === 'admin') return `${prefix}.* ${PROJECT}`;
  if (kind === 'editor') return `${prefix}.* -${prefix}.*.setIamPolicy ${PROJECT}`;
  if (kind === 'viewer' || kind === 'reader') return `${prefix}.*.get ${prefix}.*.list ${prefix}.*.getIamPolicy ${PROJECT}`;
  return '';
}
