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
import type { Door } from './door.ts';
import { sendForStorage } from './storage-door.ts';

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

/** Each library wants the authentication client of its own copy of google-auth-library; the door has the parts of it that they call. */
type Client = never;

/**
 * Makes the libraries on demand, all sending through the door. Those that are CommonJS are taken by their default export: in a bundle, a
 * module that is loaded on demand has no other.
 */
export function makeApis(door: Door): Apis {
  // No `retry` and no time limit from the libraries: the transport has the rules.
  const options = { auth: door as Client, retry: false };
  const once = <T>(make: () => Promise<T>) => {
    let made: Promise<T> | undefined;
    return () => {
      made ??= make();
      return made;
    };
  };
  const regional = new Map<string, Promise<run_v1.Run>>();
  // Each version's module by itself: the index of an API loads all its versions, most of which nobody here asks.
  return {
    artifactregistry: once(async () => {
      const { artifactregistry_v1 } = (await import('googleapis/build/src/apis/artifactregistry/v1.js')).default;
      return new artifactregistry_v1.Artifactregistry(options);
    }),
    cloudbilling: once(async () => {
      const { cloudbilling_v1 } = (await import('googleapis/build/src/apis/cloudbilling/v1.js')).default;
      return new cloudbilling_v1.Cloudbilling(options);
    }),
    cloudbuild: once(async () => {
      const { cloudbuild_v1 } = (await import('googleapis/build/src/apis/cloudbuild/v1.js')).default;
      return new cloudbuild_v1.Cloudbuild(options);
    }),
    cloudresourcemanager: once(async () => {
      const { cloudresourcemanager_v3 } = (await import('googleapis/build/src/apis/cloudresourcemanager/v3.js')).default;
      return new cloudresourcemanager_v3.Cloudresourcemanager(options);
    }),
    cloudresourcemanagerV1: once(async () => {
      const { cloudresourcemanager_v1 } = (await import('googleapis/build/src/apis/cloudresourcemanager/v1.js')).default;
      return new cloudresourcemanager_v1.Cloudresourcemanager(options);
    }),
    iam: once(async () => {
      const { iam_v1 } = (await import('googleapis/build/src/apis/iam/v1.js')).default;
      return new iam_v1.Iam(options);
    }),
    runV1(region) {
      const found = regional.get(region) ?? regionalRun(region, options);
      regional.set(region, found);
      return found;
    },
    run: once(async () => {
      const { ServicesClient } = (await import('@google-cloud/run')).default;
      return new ServicesClient({ fallback: true, authClient: door as Client });
    }),
    secretmanager: once(async () => {
      const { SecretManagerServiceClient } = (await import('@google-cloud/secret-manager')).default;
      return new SecretManagerServiceClient({ fallback: true, authClient: door as Client });
    }),
    serviceusage: once(async () => {
      const { serviceusage_v1 } = (await import('googleapis/build/src/apis/serviceusage/v1.js')).default;
      return new serviceusage_v1.Serviceusage(options);
    }),
    sqladmin: once(async () => {
      const { sqladmin_v1 } = (await import('googleapis/build/src/apis/sqladmin/v1.js')).default;
      return new sqladmin_v1.Sqladmin(options);
    }),
    storage: once(async () => {
      const storage = new (await import('@google-cloud/storage')).Storage({
        authClient: door as Client,
        projectId: 'unused',
        retryOptions: { autoRetry: false },
      });
      storage.makeAuthenticatedRequest = sendForStorage(door) as unknown as typeof storage.makeAuthenticatedRequest;
      return storage;
    }),
  };
}

async function regionalRun(region: string, options: { auth: Client; retry: boolean }): Promise<run_v1.Run> {
  const { run_v1 } = (await import('googleapis/build/src/apis/run/v1.js')).default;
  return new run_v1.Run({ rootUrl: `https://${region}-run.googleapis.com/`, ...options });
}
