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
  return {
    artifactregistry: once(async () =>
      (await import('googleapis/build/src/apis/artifactregistry/index.js')).default.artifactregistry({
        version: 'v1',
        ...options,
      }),
    ),
    cloudbilling: once(async () =>
      (await import('googleapis/build/src/apis/cloudbilling/index.js')).default.cloudbilling({ version: 'v1', ...options }),
    ),
    cloudbuild: once(async () =>
      (await import('googleapis/build/src/apis/cloudbuild/index.js')).default.cloudbuild({ version: 'v1', ...options }),
    ),
    cloudresourcemanager: once(async () => {
      const { cloudresourcemanager } = (await import('googleapis/build/src/apis/cloudresourcemanager/index.js')).default;
      return cloudresourcemanager({ version: 'v3', ...options });
    }),
    cloudresourcemanagerV1: once(async () => {
      const { cloudresourcemanager } = (await import('googleapis/build/src/apis/cloudresourcemanager/index.js')).default;
      return cloudresourcemanager({ version: 'v1', ...options });
    }),
    iam: once(async () => (await import('googleapis/build/src/apis/iam/index.js')).default.iam({ version: 'v1', ...options })),
    runV1(region) {
      const found = regional.get(region) ?? regionalRun(region, options);
      regional.set(region, found);
      return found;
    },
    run: once(
      async () => new (await import('@google-cloud/run')).default.ServicesClient({ fallback: true, authClient: door as Client }),
    ),
    secretmanager: once(async () => {
      const { SecretManagerServiceClient } = (await import('@google-cloud/secret-manager')).default;
      return new SecretManagerServiceClient({ fallback: true, authClient: door as Client });
    }),
    serviceusage: once(async () =>
      (await import('googleapis/build/src/apis/serviceusage/index.js')).default.serviceusage({ version: 'v1', ...options }),
    ),
    sqladmin: once(async () =>
      (await import('googleapis/build/src/apis/sqladmin/index.js')).default.sqladmin({ version: 'v1', ...options }),
    ),
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
  const { run } = (await import('googleapis/build/src/apis/run/index.js')).default;
  return run({ version: 'v1', rootUrl: `https://${region}-run.googleapis.com/`, ...options });
}
