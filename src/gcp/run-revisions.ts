import type { Google } from './google.ts';
import { poll } from './retry.ts';
import type { RunServiceArgs } from './run.ts';
import { getKnativeService, type KnativeCondition, type KnativeService } from './run-v1.ts';

/** One revision of a service: a template that never changes. */
export interface RunRevision {
  name: string;
  /** ISO time. */
  createTime: string;
  ready: boolean;
  /** As the template names it. */
  image: string;
  /** The version of each secret that its environment is pinned to, by the secret's id. */
  secretVersions: Record<string, string>;
}

/** A part of the traffic, as the service's status tells it. */
export interface TrafficShare {
  revisionName: string;
  percent: number;
}

interface Environment {
  env?: Array<{ valueFrom?: { secretKeyRef?: { name?: string; key?: string } } }>;
}
interface WireRevision {
  metadata?: { name?: string; creationTimestamp?: string };
  spec?: { containers?: Array<Environment & { image?: string }> };
  status?: { conditions?: KnativeCondition[] };
}

const MOVE_TIMEOUT_MS = 15 * 60_000;

/** The service's revisions, the newest first. https://docs.cloud.google.com/run/docs/reference/rest/v1/projects.locations.revisions/list */
export async function listRevisions(google: Google, args: RunServiceArgs): Promise<RunRevision[]> {
  const api = await google.apis.runV1(args.region);
  const parent = `projects/${args.project}/locations/${args.region}`;
  const labelSelector = `serving.knative.dev/service=${args.service}`;
  const found: RunRevision[] = [];
  let next: string | undefined;
  do {
    const { data } = await api.projects.locations.revisions.list({ parent, labelSelector, ...(next && { continue: next }) });
    found.push(...((data.items ?? []) as WireRevision[]).map(toRevision));
    next = data.metadata?.continue ?? undefined;
  } while (next);
  return found.sort((a, b) => (a.createTime < b.createTime ? 1 : -1));
}

/** The traffic as it is, the largest share first. */
export function trafficOf(service: KnativeService): TrafficShare[] {
  const traffic = (service.status as { traffic?: Array<Partial<TrafficShare>> } | undefined)?.traffic ?? [];
  return traffic
    .map(({ revisionName, percent }) => ({ revisionName: revisionName ?? '', percent: percent ?? 0 }))
    .filter(({ percent }) => percent > 0)
    .sort((a, b) => b.percent - a.percent);
}

/** The version of each secret that a template's environment names, by the secret's id. */
export function secretVersionsOf(containers: unknown): Record<string, string> {
  const references = ((containers ?? []) as Environment[])
    .flatMap(({ env }) => env ?? [])
    .map(({ valueFrom }) => valueFrom?.secretKeyRef);
  return Object.fromEntries(
    references.flatMap((reference) => (reference?.name ? [[reference.name, reference.key ?? 'latest']] : [])),
  );
}

/**
 * Sends all traffic to one revision, and waits until it goes there. The template stays as it is, and a later deployment without a word
 * on traffic sends it to the newest revision again.
 * https://docs.cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration
 */
export async function sendTraffic(google: Google, args: RunServiceArgs & { revision: string }): Promise<void> {
  const service = await getKnativeService(google, args);
  if (service === undefined) return;
  const api = await google.apis.runV1(args.region);
  const { status: _, ...document } = service;
  const requestBody = { ...document, spec: { ...document.spec, traffic: [{ revisionName: args.revision, percent: 100 }] } };
  const name = `projects/${args.project}/locations/${args.region}/services/${args.service}`;
  const changed = (await api.projects.locations.services.replaceService({ name, requestBody: requestBody as never }))
    .data as KnativeService;
  // Not by the condition Ready: it is also false where the newest revision, which gets no traffic now, did not start.
  await poll(google, {
    what: `Cloud Run service ${args.service} to send its traffic to ${args.revision}`,
    timeoutMs: MOVE_TIMEOUT_MS,
    async attempt() {
      const now = await getKnativeService(google, args);
      const seen = (now?.status?.observedGeneration ?? 0) >= (changed.metadata.generation ?? 0);
      return now !== undefined && seen && trafficOf(now)[0]?.revisionName === args.revision ? now : undefined;
    },
  });
}

function toRevision(wire: WireRevision): RunRevision {
  return {
    name: wire.metadata?.name ?? '',
    createTime: wire.metadata?.creationTimestamp ?? '',
    ready: wire.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true,
    image: wire.spec?.containers?.[0]?.image ?? '',
    secretVersions: secretVersionsOf(wire.spec?.containers),
  };
}
