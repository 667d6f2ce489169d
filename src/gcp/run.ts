import type { Google } from './google.ts';
import type { PolicyResource } from './iam-policy.ts';
import type { Labels } from './labels.ts';
import type { WaitOptions } from './operations.ts';

export interface RunServiceArgs {
  project: string;
  region: string;
  service: string;
}
/** A `serving.knative.dev/v1` Service: the document in service.yaml. */
export interface KnativeService {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Labels; annotations?: Labels; generation?: number; resourceVersion?: string; uid?: string };
  spec: { template: { metadata?: { name?: string; labels?: Labels; annotations?: Labels }; spec: Record<string, unknown> }; traffic?: unknown[] };
  status?: {
    observedGeneration?: number;
    url?: string;
    latestReadyRevisionName?: string;
    latestCreatedRevisionName?: string;
    conditions?: KnativeCondition[];
  };
}
export interface KnativeCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
}
/** What v2 tells of a service that v1 does not tell, or not as plainly. */
export interface RunService {
  service: string;
  uri: string;
  /** All addresses of the service: both forms of run.app, until they are switched off. */
  urls: string[];
  labels: Labels;
  latestReadyRevision: string;
  iapEnabled: boolean;
  invokerIamDisabled: boolean;
  defaultUriDisabled: boolean;
  /** INGRESS_TRAFFIC_ALL, INGRESS_TRAFFIC_INTERNAL_ONLY, INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER */
  ingress: string;
}

/** The service by the v2 API, or undefined. https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/get */
export async function getService(google: Google, args: RunServiceArgs): Promise<RunService | undefined> {
  throw new Error(`${String(google)}${args.service}`);
}

/** The services in the region that carry all of these labels. */
export async function listServices(google: Google, args: { project: string; region: string; labels: Labels }): Promise<RunService[]> {
  throw new Error(`${String(google)}${args.project}`);
}

/** Deletes the service and waits; one that is not there is fine. */
export async function deleteService(google: Google, args: RunServiceArgs & WaitOptions): Promise<void> {
  throw new Error(`${String(google)}${args.service}`);
}

/** The service as the document that was deployed, or undefined (v1). */
export async function getKnativeService(google: Google, args: RunServiceArgs): Promise<KnativeService | undefined> {
  throw new Error(`${String(google)}${args.service}`);
}

/**
 * Creates the service or replaces it as a whole (what the document leaves out is reset, as skaffold does it), and waits until this
 * generation is ready. Throws RUN_NOT_READY with Google's reason where it never will be. `service` is `manifest.metadata.name`.
 */
export async function deployKnativeService(
  google: Google,
  args: { project: string; region: string; manifest: KnativeService } & WaitOptions,
): Promise<{ value: KnativeService; created: boolean }> {
  throw new Error(`${String(google)}${args.project}`);
}

/** Waits until the service's newest generation is ready. */
export async function waitKnativeService(google: Google, args: RunServiceArgs & WaitOptions): Promise<KnativeService> {
  throw new Error(`${String(google)}${args.service}`);
}

/** Who may call the service. */
export function runServicePolicy(google: Google, args: RunServiceArgs): PolicyResource {
  throw new Error(`${String(google)}${args.service}`);
}
