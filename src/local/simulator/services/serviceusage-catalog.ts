/** The services that can be enabled, without `.googleapis.com`: those of the simulator and their usual neighbours. */
const SERVICES =
  'accessapproval accesscontextmanager aiplatform alloydb analyticshub apigateway apikeys appengine appengineflex artifactregistry assuredworkloads autoscaling backupdr bigquery bigqueryconnection bigquerydatapolicy bigquerydatatransfer bigquerymigration bigqueryreservation bigquerystorage bigtable bigtableadmin billingbudgets binaryauthorization certificatemanager cloudapis cloudasset cloudbilling cloudbuild clouddebugger clouddeploy clouderrorreporting cloudfunctions cloudidentity cloudkms cloudprofiler cloudresourcemanager cloudscheduler cloudtasks cloudtrace composer compute connectors contactcenterinsights container containeranalysis containerfilesystem containerregistry containersecurity containerscanning customsearch datacatalog dataflow dataform datafusion datalineage datamigration dataplex dataproc datastore datastream deploymentmanager developerconnect dialogflow discoveryengine dlp dns documentai domains drive edgecontainer essentialcontacts eventarc file firebase firebaserules firestore gkebackup gkeconnect gkehub gmail healthcare iam iamcredentials iap identitytoolkit ids language logging memcache metastore ml monitoring networkconnectivity networkmanagement networksecurity networkservices notebooks ondemandscanning orgpolicy osconfig oslogin parametermanager people policysimulator policytroubleshooter privateca privilegedaccessmanager pubsub pubsublite recaptchaenterprise recommender redis resourcesettings run runapps runtimeconfig secretmanager securetoken securitycenter servicecontrol servicedirectory servicemanagement servicenetworking serviceusage sheets sourcerepo spanner speech sql-component sqladmin storage storage-api storage-component storageinsights storagetransfer sts telemetry testing texttospeech tpu trafficdirector translate vertexai videointelligence vision vmmigration vmwareengine vpcaccess websecurityscanner workflowexecutions workflows workloadmanager workstations';

const SUFFIX = '.googleapis.com';

/** Every service that exists, `run.googleapis.com`, sorted. */
export const catalog: readonly string[] = SERVICES.split(' ')
  .map((name) => name + SUFFIX)
  .sort();

/** Those that a new project starts with. https://docs.cloud.google.com/service-usage/docs/enabled-service#default */
export const enabledByDefault: ReadonlySet<string> = new Set(
  'analyticshub bigquery bigqueryconnection bigquerydatapolicy bigquerydatatransfer bigquerymigration bigqueryreservation bigquerystorage cloudapis cloudtrace dataform dataplex datastore logging monitoring servicemanagement serviceusage sql-component storage storage-api storage-component telemetry'
    .split(' ')
    .map((name) => name + SUFFIX),
);

/** Those that cannot be enabled in a project without billing. */
export const needsBilling: ReadonlySet<string> = new Set(
  'aiplatform artifactregistry certificatemanager cloudbuild cloudfunctions cloudscheduler compute container containerregistry containerscanning dns domains eventarc file networkservices redis run secretmanager servicenetworking vpcaccess workflows'
    .split(' ')
    .map((name) => name + SUFFIX),
);

/** Those that are charged for what others do, once they are enabled: nobody has them without having asked for them. */
export const costsByItself: ReadonlySet<string> = new Set(['containerscanning.googleapis.com']);

/** What is enabled along with a service, and keeps it from being disabled alone. */
export const dependencies: Readonly<Record<string, readonly string[]>> = {
  'iam.googleapis.com': ['iamcredentials.googleapis.com'],
  'compute.googleapis.com': ['oslogin.googleapis.com'],
  'container.googleapis.com': [
    'compute.googleapis.com',
    'oslogin.googleapis.com',
    'iam.googleapis.com',
    'iamcredentials.googleapis.com',
    'pubsub.googleapis.com',
  ],
  'cloudbuild.googleapis.com': ['pubsub.googleapis.com'],
  'cloudfunctions.googleapis.com': ['pubsub.googleapis.com'],
};

/** The domain of a service's agent, where it is not `gcp-sa-NAME`. https://docs.cloud.google.com/iam/docs/service-agents */
const AGENT_DOMAINS: Readonly<Record<string, string>> = {
  'compute.googleapis.com': 'compute-system',
  'container.googleapis.com': 'container-engine-robot',
  'run.googleapis.com': 'serverless-robot-prod',
  'cloudfunctions.googleapis.com': 'gcf-admin-robot',
  'sqladmin.googleapis.com': 'gcp-sa-cloud-sql',
  'containerregistry.googleapis.com': 'containerregistry',
  'servicenetworking.googleapis.com': 'service-networking',
  'monitoring.googleapis.com': 'gcp-sa-monitoring-notification',
  'dataflow.googleapis.com': 'dataflow-service-producer-prod',
  'cloudiot.googleapis.com': 'gcp-sa-cloudiot',
  'redis.googleapis.com': 'cloud-redis',
  'file.googleapis.com': 'cloud-filer',
};

/** `service-123@gcp-sa-iap.iam.gserviceaccount.com` */
export function agentEmail(service: string, projectNumber: string): string {
  const domain = AGENT_DOMAINS[service] ?? `gcp-sa-${service.slice(0, -SUFFIX.length)}`;
  return `service-${projectNumber}@${domain}.iam.gserviceaccount.com`;
}

/** What enabling a service grants to the accounts that Google makes for it, by email. */
export function grantsOf(
  service: string,
  projectNumber: string,
): Array<{ email: string; role: string; agent: boolean; displayName?: string }> {
  const agent = (role: string) => ({ email: agentEmail(service, projectNumber), role, agent: true });
  switch (service) {
    case 'compute.googleapis.com':
      return [
        agent('roles/compute.serviceAgent'),
        {
          email: `${projectNumber}-compute@developer.gserviceaccount.com`,
          role: 'roles/editor',
          agent: false,
          displayName: 'Compute Engine default service account',
        },
      ];
    case 'cloudbuild.googleapis.com':
      return [
        agent('roles/cloudbuild.serviceAgent'),
        { email: `${projectNumber}@cloudbuild.gserviceaccount.com`, role: 'roles/cloudbuild.builds.builder', agent: true },
      ];
    case 'run.googleapis.com':
      return [agent('roles/run.serviceAgent')];
    case 'artifactregistry.googleapis.com':
      return [agent('roles/artifactregistry.serviceAgent')];
    case 'container.googleapis.com':
      return [agent('roles/container.serviceAgent')];
    case 'pubsub.googleapis.com':
      return [agent('roles/pubsub.serviceAgent')];
    default:
      return [];
  }
}
