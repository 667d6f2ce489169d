import { listBuckets } from '../gcp/buckets.ts';
import { isPermissionDenied, isServiceDisabled } from '../gcp/errors.ts';
import type { Google } from '../gcp/google.ts';
import { deploymentOf, MANAGED_BY_LABEL, MANAGED_BY_VALUE } from '../gcp/labels.ts';
import { getKnativeService } from '../gcp/run-v1.ts';
import { listInstances, type SqlInstance } from '../gcp/sql.ts';
import type { Config } from '../project/config-schema.ts';
import { CPU, MEMORY } from '../project/name-rules.ts';
import { settle } from './settle.ts';

/** A deployment that stands in the project, as far as its labels tell. */
export interface FoundDeployment {
  name: string;
  region: string;
  /** Its Cloud SQL instance; undefined where only a bucket is left or made so far. */
  instance: SqlInstance | undefined;
}

/** What a running server is given. */
export interface ServiceSizes {
  cpu?: string;
  memory?: string;
  minInstances?: number;
  maxInstances?: number;
  ingress?: Ingress;
}
type Ingress = Config['service']['ingress'];
const INGRESS: readonly string[] = ['all', 'internal', 'internal-and-cloud-load-balancing'] satisfies Ingress[];

/**
 * The deployments of this program in the project, by the labels of what takes longest to make and of what is kept longest: the
 * database and the buckets. What may not be looked at is taken as not there. By name.
 */
export async function findDeployments(google: Google, { project }: { project: string }): Promise<FoundDeployment[]> {
  const labels = { [MANAGED_BY_LABEL]: MANAGED_BY_VALUE };
  const [instances, buckets] = await settle([
    orNothing(listInstances(google, { project, labels })),
    orNothing(listBuckets(google, { project, labels })),
  ]);
  const found = new Map<string, FoundDeployment>();
  for (const bucket of buckets) {
    const name = deploymentOf(bucket.labels);
    // The location of a bucket is written in capitals.
    if (name !== undefined) found.set(name, { name, region: bucket.location.toLowerCase(), instance: undefined });
  }
  for (const instance of instances) {
    const name = deploymentOf(instance.settings.userLabels);
    if (name !== undefined) found.set(name, { name, region: instance.region, instance });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The sizes of the deployment's service, each where it is set in a form that we write; undefined where there is no service. */
export async function findServiceSizes(
  google: Google,
  args: { project: string; region: string; name: string },
): Promise<ServiceSizes | undefined> {
  const { project, region, name } = args;
  const [service] = await orNothing(getKnativeService(google, { project, region, service: name }).then((one) => [one]));
  if (service === undefined || deploymentOf(service.metadata.labels) !== name) return undefined;
  const { metadata, spec } = service.spec.template;
  const [container] = (spec['containers'] ?? []) as Array<{ resources?: { limits?: Record<string, string> } }>;
  const limits = container?.resources?.limits ?? {};
  const ingress = service.metadata.annotations?.['run.googleapis.com/ingress'] ?? '';
  const scale = (which: string) => countOf(metadata?.annotations?.[`autoscaling.knative.dev/${which}`]);
  const cpu = wholeCpus(limits['cpu']);
  const [minInstances, maxInstances] = [scale('minScale'), scale('maxScale')];
  return {
    ...(cpu !== undefined && CPU.test(cpu) && { cpu }),
    ...(limits['memory'] !== undefined && MEMORY.test(limits['memory']) && { memory: limits['memory'] }),
    ...(minInstances !== undefined && { minInstances }),
    ...(maxInstances !== undefined && { maxInstances }),
    ...(INGRESS.includes(ingress) && { ingress: ingress as Ingress }),
  };
}

/** `1000m` is how Google writes one CPU. */
function wholeCpus(text: string | undefined): string | undefined {
  const thousands = /^(\d+)000m$/.exec(text ?? '')?.[1];
  return thousands ?? text;
}

function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

async function orNothing<T>(look: Promise<T[]>): Promise<T[]> {
  try {
    return await look;
  } catch (error) {
    if (isServiceDisabled(error) || isPermissionDenied(error)) return [];
    throw error;
  }
}
