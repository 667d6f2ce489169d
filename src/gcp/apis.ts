import type { ServicesClient } from '@google-cloud/run';
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import type { Storage } from '@google-cloud/storage';
import type { artifactregistry_v1 } from 'googleapis/build/src/apis/artifactregistry/v1.js';
import type { cloudbilling_v1 } from 'googleapis/build/src/apis/cloudbilling/v1.js';
import type { cloudbuild_v1 } from 'googleapis/build/src/apis/cloudbuild/v1.js';
import type { cloudresourcemanager_v1 } from 'googleapis/build/src/apis/cloudresourcemanager/v1.js';
import type { cloudresourcemanager_v3 } from 'googleapis/build/src/apis/cloudresourcemanager/v3.js';
import type { iam_v1 } from 'googleapis/build/src/apis/iam/v1.js';
import type { run_v1 } from 'googleapis/build/src/apis/run/v1.js';
import type { serviceusage_v1 } from 'googleapis/build/src/apis/serviceusage/v1.js';
import type { sqladmin_v1 } from 'googleapis/build/src/apis/sqladmin/v1.js';

/** Google's client libraries. Each is loaded when it is first asked for and made once. */
export interface Apis {
  artifactregistry(): Promise<artifactregistry_v1.Artifactregistry>;
  cloudbilling(): Promise<cloudbilling_v1.Cloudbilling>;
  cloudbuild(): Promise<cloudbuild_v1.Cloudbuild>;
  cloudresourcemanager(): Promise<cloudresourcemanager_v3.Cloudresourcemanager>;
  /** v3 has no `getAncestry`. */
  cloudresourcemanagerV1(): Promise<cloudresourcemanager_v1.Cloudresourcemanager>;
  iam(): Promise<iam_v1.Iam>;
  /** v1, whose services are the Knative documents that skaffold deploys; it lives on regional hosts. */
  runV1(region: string): Promise<run_v1.Run>;
  /** v2. */
  run(): Promise<ServicesClient>;
  secretmanager(): Promise<SecretManagerServiceClient>;
  serviceusage(): Promise<serviceusage_v1.Serviceusage>;
  sqladmin(): Promise<sqladmin_v1.Sqladmin>;
  storage(): Promise<Storage>;
}
