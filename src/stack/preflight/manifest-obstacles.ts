import type { Obstacle } from './obstacles.ts';
import { allowedValues, isEnforced, type Policies, permits } from './policy-values.ts';

const INGRESS = 'run.allowedIngress';
const INVOKER = 'run.managed.requireInvokerIam';
const BINARY = 'run.allowedBinaryAuthorizationPolicies';

/** The constraints that a service is held against each time that it is deployed. */
export const DEPLOY_CONSTRAINTS = [INGRESS, INVOKER, BINARY];

/** The part of the service's document that policies are about. */
export interface Manifest {
  metadata: { name: string; annotations?: Record<string, string> };
}

/** What the policies forbid of a service as its document has it. Pure. `file`: where the document can be changed. */
export function manifestObstacles(policies: Policies, { metadata }: Manifest, file: string): Obstacle[] {
  const where = [`Cloud Run service ${metadata.name}`];
  const annotation = (name: string): string | undefined => metadata.annotations?.[`run.googleapis.com/${name}`];
  const change = (name: string, value: string): string =>
    `Set the annotation run.googleapis.com/${name} to '${value}' in ${file}.`;
  const ingress = annotation('ingress') ?? 'all';
  const open = annotation('invoker-iam-disabled') === 'true';
  const binary = annotation('binary-authorization');
  return [
    ...(permits(policies, INGRESS, ingress) === false
      ? [
          {
            constraint: INGRESS,
            forbids: `ingress ${ingress}`,
            where,
            ...way(allowedIngress(policies), (one) => change('ingress', one)),
          },
        ]
      : []),
    ...(open && isEnforced(policies, INVOKER)
      ? [
          {
            constraint: INVOKER,
            forbids: 'services without the IAM invoker check',
            where,
            wayRound: 'Set service.invoker to all-users: mlflow-gcp init --invoker all-users',
          },
        ]
      : []),
    ...(permits(policies, BINARY, binary ?? '') === false
      ? [
          {
            constraint: BINARY,
            forbids: binary === undefined ? 'services without Binary Authorization' : `the Binary Authorization policy ${binary}`,
            where,
            ...way(allowedValues(policies, BINARY)[0], (one) => change('binary-authorization', one.replace(/^is:/, ''))),
          },
        ]
      : []),
  ];
}

function allowedIngress(policies: Policies): string | undefined {
  return ['internal-and-cloud-load-balancing', 'internal', 'all'].find((one) => permits(policies, INGRESS, one) === true);
}

function way(value: string | undefined, text: (value: string) => string): { wayRound?: string } {
  return value === undefined ? {} : { wayRound: text(value) };
}
