import type { protos } from '@google-cloud/run';
import { isNotFound } from './errors.ts';
import { answerOf, ONCE } from './gax.ts';
import type { Google } from './google.ts';
import type { Labels } from './labels.ts';
import { type LongOperation, pollOperation, type WaitOptions } from './operations.ts';

export interface RunServiceArgs {
  project: string;
  region: string;
  service: string;
}
/** What the v2 API tells of a service, and v1 not, or not as plainly. */
export interface RunService {
  service: string;
  /** The main address. */
  uri: string;
  /** All addresses: both forms of run.app, until they are switched off. */
  urls: string[];
  labels: Labels;
  /** Without its path. */
  latestReadyRevision: string;
  iapEnabled: boolean;
  invokerIamDisabled: boolean;
  defaultUriDisabled: boolean;
  /** INGRESS_TRAFFIC_ALL, INGRESS_TRAFFIC_INTERNAL_ONLY, INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER */
  ingress: string;
}

/** The service, or undefined. https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/get */
export async function getService(google: Google, args: RunServiceArgs): Promise<RunService | undefined> {
  const client = await google.apis.run();
  try {
    return toService(await answerOf(client.getService({ name: serviceName(args) }, ONCE)));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The services in the region that carry all of these labels. The API has no filter. */
export async function listServices(
  google: Google,
  args: { project: string; region: string; labels: Labels },
): Promise<RunService[]> {
  const client = await google.apis.run();
  const services = await answerOf(client.listServices({ parent: `projects/${args.project}/locations/${args.region}` }, ONCE));
  return services
    .map(toService)
    .filter((service) => Object.entries(args.labels).every(([key, value]) => service.labels[key] === value));
}

/** Deletes the service and waits; one that is not there is fine. */
export async function deleteService(google: Google, args: RunServiceArgs & WaitOptions): Promise<void> {
  const client = await google.apis.run();
  try {
    const operation = await answerOf(client.deleteService({ name: serviceName(args) }, ONCE));
    const started: LongOperation = { name: operation.name ?? '', done: operation.latestResponse.done ?? false };
    await pollOperation(google, {
      ...args,
      what: `deleting Cloud Run service ${args.service}`,
      started,
      read: async (name) =>
        (await google.request<LongOperation>({ method: 'GET', url: `https://run.googleapis.com/v2/${name}` })).data,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function serviceName(args: RunServiceArgs): string {
  return `projects/${args.project}/locations/${args.region}/services/${args.service}`;
}

function toService(wire: protos.google.cloud.run.v2.IService): RunService {
  return {
    service: lastPart(wire.name),
    uri: wire.uri ?? '',
    urls: [...(wire.urls ?? [])],
    labels: { ...wire.labels },
    latestReadyRevision: lastPart(wire.latestReadyRevision),
    iapEnabled: wire.iapEnabled === true,
    invokerIamDisabled: wire.invokerIamDisabled === true,
    defaultUriDisabled: wire.defaultUriDisabled === true,
    ingress: String(wire.ingress ?? ''),
  };
}

function lastPart(name: string | null | undefined): string {
  return (name ?? '').slice((name ?? '').lastIndexOf('/') + 1);
}
