import { catalog } from './serviceusage-catalog.ts';

/**
 * The predefined roles that exist in the simulator, without the leading `roles/`, by service: those of the services it simulates,
 * and the basic ones. A grant of anything else is refused, as Google refuses a role that it does not know.
 * https://docs.cloud.google.com/iam/docs/roles-permissions
 */
const PREDEFINED: Record<string, string> = {
  '': 'owner editor viewer browser admin writer reader',
  artifactregistry:
    'admin editor reader writer repoAdmin createOnPushRepoAdmin createOnPushWriter serviceAgent containerRegistryMigrationAdmin attachmentsWriter attachmentsReader',
  billing: 'admin viewer user creator projectManager projectCostsManager costsManager',
  certificatemanager: 'editor owner viewer serviceAgent',
  cloudbuild:
    'builds.builder builds.editor builds.viewer builds.approver connectionAdmin connectionViewer integrations.editor integrations.owner integrations.viewer readTokenAccessor serviceAgent tokenAccessor workerPoolEditor workerPoolOwner workerPoolUser workerPoolViewer loggingServiceAgent',
  cloudkms:
    'admin viewer cryptoKeyDecrypter cryptoKeyEncrypter cryptoKeyEncrypterDecrypter publicKeyViewer signer signerVerifier verifier importer serviceAgent',
  cloudsql: 'admin client editor viewer instanceUser studioUser schemaViewer serviceAgent',
  compute:
    'admin viewer imageUser instanceAdmin instanceAdmin.v1 loadBalancerAdmin loadBalancerServiceUser networkAdmin networkUser networkViewer orgSecurityPolicyAdmin orgSecurityPolicyUser osAdminLogin osLogin packetMirroringAdmin publicIpAdmin securityAdmin serviceAgent storageAdmin xpnAdmin',
  container: 'admin developer viewer clusterAdmin clusterViewer serviceAgent hostServiceAgentUser nodeServiceAccount',
  containerregistry: 'ServiceAgent',
  containerscanning: 'ServiceAgent',
  dns: 'admin reader peer serviceAgent',
  domains: 'admin viewer',
  errorreporting: 'admin user viewer writer',
  iam: 'denyAdmin denyReviewer oauthClientAdmin oauthClientViewer organizationRoleAdmin organizationRoleViewer roleAdmin roleViewer securityAdmin securityReviewer serviceAccountAdmin serviceAccountApiKeyBindingAdmin serviceAccountCreator serviceAccountDeleter serviceAccountKeyAdmin serviceAccountOpenIdTokenCreator serviceAccountTokenCreator serviceAccountUser serviceAccountViewer workloadIdentityPoolAdmin workloadIdentityPoolViewer workloadIdentityUser workforcePoolAdmin workforcePoolEditor workforcePoolViewer',
  iap: 'admin httpsResourceAccessor remediatorUser settingsAdmin tunnelDestGroupEditor tunnelDestGroupViewer tunnelResourceAccessor serviceAgent',
  logging:
    'admin bucketWriter configWriter fieldAccessor linkViewer logWriter privateLogViewer serviceAgent sqlAlertWriter viewAccessor viewer',
  monitoring:
    'admin editor viewer metricWriter metricsScopesAdmin metricsScopesViewer alertPolicyEditor alertPolicyViewer dashboardEditor dashboardViewer notificationChannelEditor notificationChannelViewer uptimeCheckConfigEditor uptimeCheckConfigViewer notificationServiceAgent',
  networkmanagement: 'admin viewer serviceAgent',
  orgpolicy: 'policyAdmin policyViewer',
  pubsub: 'admin editor publisher subscriber viewer serviceAgent',
  recaptchaenterprise: 'admin agent viewer',
  resourcemanager:
    'folderAdmin folderCreator folderEditor folderIamAdmin folderMover folderViewer lienModifier organizationAdmin organizationCreator organizationViewer projectAdmin projectCreator projectDeleter projectEditor projectIamAdmin projectMover tagAdmin tagHoldAdmin tagUser tagViewer',
  run: 'admin builder developer invoker jobsExecutor jobsExecutorWithOverrides operationViewer serviceAgent servicesInvoker sourceDeveloper sourceViewer viewer',
  runapps: 'developer operator viewer serviceAgent',
  secretmanager: 'admin secretAccessor secretVersionAdder secretVersionManager viewer parameterAccessor parameterViewer',
  servicemanagement: 'admin configEditor quotaAdmin quotaViewer reporter serviceConsumer serviceController tenancyUnitsAdmin',
  servicenetworking: 'networksAdmin serviceAgent',
  serviceusage: 'apiKeysAdmin apiKeysMetadataViewer apiKeysViewer serviceUsageAdmin serviceUsageConsumer serviceUsageViewer',
  storage:
    'admin bucketViewer expressModeServiceInput expressModeServiceOutput expressModeUserAccess folderAdmin hmacKeyAdmin insightsCollectorService legacyBucketOwner legacyBucketReader legacyBucketWriter legacyObjectOwner legacyObjectReader managedFolderAdmin managedFolderEditor managedFolderViewer objectAdmin objectCreator objectUser objectViewer',
  storagetransfer: 'admin serviceAgent transferAgent user viewer',
  vpcaccess: 'admin serviceAgent user viewer',
  workstations: 'admin networkAdmin operationViewer serviceAgent user workstationCreator',
};

/** All predefined roles of the simulator as `roles/run.invoker`, sorted. */
export const predefinedRoles: readonly string[] = Object.entries(PREDEFINED)
  .flatMap(([service, names]) => names.split(' ').map((name) => (service ? `roles/${service}.${name}` : `roles/${name}`)))
  .sort();

const known = new Set(predefinedRoles);
const elsewhere = new Set(catalog);

/**
 * Whether Google has a predefined role of this name. Of services that are not simulated the simulator does not know the roles: any that looks like
 * one is taken to exist (`roles/bigquery.dataViewer`).
 */
export function isPredefinedRole(role: string): boolean {
  if (known.has(role)) return true;
  const service = /^roles\/([a-z][a-z0-9]*)\.[a-zA-Z][a-zA-Z0-9.]*$/.exec(role)?.[1];
  return service !== undefined && PREDEFINED[service] === undefined && elsewhere.has(`${service}.googleapis.com`);
}
