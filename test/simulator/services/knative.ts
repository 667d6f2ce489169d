import { REGION, type World } from './world.ts';

export const HELLO = 'us-docker.pkg.dev/cloudrun/container/hello';

export interface Knative {
  metadata?: object;
  annotations?: Record<string, string>;
  templateAnnotations?: Record<string, string>;
  spec?: object;
  container?: object;
  traffic?: object[];
}

/** One of a service's conditions. */
export interface Ready {
  type: string;
  status: string;
}

/** Where Cloud Run's first API has what is in the world's project. */
export const knativePaths = ({ project }: World) => `https://run.googleapis.com/v1/projects/${project}/locations/${REGION}`;

/** A service as that API takes it. `world`: the simulated one, once it is there. */
export function knativeServices(world: () => World) {
  return {
    service: (name: string, { metadata, annotations, templateAnnotations, spec, container, traffic }: Knative = {}) => ({
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name, namespace: world().project, ...(annotations ? { annotations } : {}), ...metadata },
      spec: {
        template: {
          metadata: { annotations: templateAnnotations ?? {} },
          spec: { containers: [{ image: HELLO, ...container }], ...spec },
        },
        ...(traffic ? { traffic } : {}),
      },
    }),
    /** Waits until the service is ready or has failed. */
    settled: (name: string) =>
      world().sim.until(
        `${knativePaths(world())}/services/${name}`,
        ({ metadata, status }) =>
          status?.observedGeneration === metadata?.generation &&
          status.conditions.some(({ type, status: is }: Ready) => type === 'Ready' && is !== 'Unknown'),
      ),
  };
}
