import type { run_v1 } from 'googleapis/build/src/apis/run/v1.js';
import { UserError } from '../errors.ts';
import { isNotFound } from './errors.ts';
import type { Google } from './google.ts';
import type { Policy, PolicyResource } from './iam-policy.ts';
import type { Labels } from './labels.ts';
import type { WaitOptions } from './operations.ts';
import { createOrGet, poll } from './retry.ts';
import type { RunServiceArgs } from './run.ts';
import { isDeployed } from './run-v1-same.ts';

/** A `serving.knative.dev/v1` Service: the document in service.yaml. https://docs.cloud.google.com/run/docs/reference/yaml/v1 */
export interface KnativeService {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Labels;
    annotations?: Labels;
    generation?: number;
    resourceVersion?: string;
    uid?: string;
  };
  spec: {
    template: { metadata?: { name?: string; labels?: Labels; annotations?: Labels }; spec: Record<string, unknown> };
    traffic?: Array<{ percent?: number; latestRevision?: boolean; revisionName?: string; tag?: string }>;
  };
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
  /** True, False or Unknown. */
  status: string;
  reason?: string;
  message?: string;
}

export type DeployOutcome = 'created' | 'replaced' | 'unchanged';

/** A revision that is not ready after this long never will be: Cloud Run itself gives up on start-up probes before. */
const READY_TIMEOUT_MS = 15 * 60_000;

/** The service as the document that was deployed, or undefined. */
export async function getKnativeService(google: Google, args: RunServiceArgs): Promise<KnativeService | undefined> {
  const api = await google.apis.runV1(args.region);
  try {
    return (await api.projects.locations.services.get({ name: resourceName(args) })).data as KnativeService;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Creates the service or replaces it as a whole (what the document leaves out is reset, as skaffold does it), unless it already is
 * what the document asks for, and waits until this generation is ready. Throws RUN_NOT_READY with Google's reason where it never will be. The service's name is the document's.
 * https://docs.cloud.google.com/run/docs/reference/rest/v1/projects.locations.services/replaceService
 */
export async function deployKnativeService(
  google: Google,
  args: { project: string; region: string; manifest: KnativeService } & WaitOptions,
): Promise<{ value: KnativeService; outcome: DeployOutcome }> {
  const api = await google.apis.runV1(args.region);
  const service = { project: args.project, region: args.region, service: args.manifest.metadata.name };
  // v1 takes the project as the namespace; what Google filled in is not sent back.
  const { status: _, ...document } = args.manifest;
  const requestBody = { ...document, metadata: { ...document.metadata, namespace: args.project } } as run_v1.Schema$Service;
  const parent = `projects/${args.project}/locations/${args.region}`;
  const { value, created } = await createOrGet(google, {
    first: 'get',
    get: () => getKnativeService(google, service),
    create: async () => (await api.projects.locations.services.create({ parent, requestBody })).data as KnativeService,
  });
  const unchanged = !created && isDeployed(value, args.manifest);
  const latest =
    created || unchanged
      ? value
      : ((await api.projects.locations.services.replaceService({ name: resourceName(service), requestBody }))
          .data as KnativeService);
  return {
    value: await waitKnativeService(google, { ...args, ...service, generation: latest.metadata.generation ?? 0 }),
    outcome: created ? 'created' : unchanged ? 'unchanged' : 'replaced',
  };
}

/**
 * Waits until the service is ready at this generation or a later one (default: at its newest). A `Ready` that belongs to an older
 * generation says nothing about this one. https://docs.cloud.google.com/run/docs/reference/rest/v1/Condition
 */
export async function waitKnativeService(
  google: Google,
  args: RunServiceArgs & { generation?: number } & WaitOptions,
): Promise<KnativeService> {
  const start = google.clock.now();
  return poll(google, {
    what: `Cloud Run service ${args.service} to be ready`,
    timeoutMs: args.timeoutMs ?? READY_TIMEOUT_MS,
    async attempt() {
      const service = await getKnativeService(google, args);
      const ready = service?.status?.conditions?.find((condition) => condition.type === 'Ready');
      const wanted = Math.max(args.generation ?? 0, service?.metadata.generation ?? 0);
      const isCurrent = service !== undefined && (service.status?.observedGeneration ?? 0) >= wanted;
      if (isCurrent && ready?.status === 'True') return service;
      if (isCurrent && ready?.status === 'False') throw notReady(args, ready);
      args.onPoll?.({ elapsedMs: google.clock.now() - start, metadata: ready });
      return undefined;
    },
  });
}

/** Who may call the service. */
export function runServicePolicy(google: Google, args: RunServiceArgs): PolicyResource {
  const resource = resourceName(args);
  return {
    key: resource,
    async read() {
      const api = await google.apis.runV1(args.region);
      return (await api.projects.locations.services.getIamPolicy({ resource, 'options.requestedPolicyVersion': 3 }))
        .data as Policy;
    },
    async write(policy) {
      const api = await google.apis.runV1(args.region);
      return (await api.projects.locations.services.setIamPolicy({ resource, requestBody: { policy } })).data as Policy;
    },
  };
}

function resourceName(args: RunServiceArgs): string {
  return `projects/${args.project}/locations/${args.region}/services/${args.service}`;
}

function notReady(args: RunServiceArgs, ready: KnativeCondition): UserError {
  return new UserError({
    code: 'RUN_NOT_READY',
    message:
      `The new revision of Cloud Run service ${args.service} does not serve${ready.reason ? ` (${ready.reason})` : ''}: ${ready.message ?? ''}`.trim(),
    hint: `See what the server wrote: gcloud run services logs read ${args.service} --region=${args.region} --project=${args.project} --limit=50`,
    docs: 'https://docs.cloud.google.com/run/docs/troubleshooting',
  });
}
