import { deploymentLabels } from '../gcp/labels.ts';
import type { Tokens } from '../project/render.ts';
import { connectionName, type Deployment, SECRET_KEYS, type SecretKey } from './deployment.ts';

/** The version of each secret that the service is pinned to. */
export type SecretVersions = Record<SecretKey, string>;

/**
 * Values for the templates of the project folder. Cloud Run gives a service two addresses: one that follows from name and number, and
 * an older one, `NAME-HASH-uc.a.run.app`, whose hash nobody knows before the first deployment. A pattern stands for that one, so that
 * knowing it later makes no second revision. As a Host it is safe: all names under a.run.app lead to Google's own front ends, which
 * hand over none but this service's. As an origin it would not be: it fits other people's services of the same name. The gate
 * (app/mlflow_auth.py) knows the server's own pages without it.
 * https://docs.cloud.google.com/run/docs/triggering/https-request
 */
export function projectTokens(deployment: Deployment, versions: SecretVersions): Tokens {
  const { service, url } = deployment;
  const own = new URL(url).host;
  // With those of traffic tags. MLflow takes a name for a pattern only where it holds a star.
  const hosts = [own, `*---${own}`];
  const older = `${service.name}-??????????-?*.a.run.app`;
  return {
    name: deployment.name,
    project: deployment.project,
    projectNumber: deployment.projectNumber,
    region: deployment.region,
    image: deployment.image,
    repository: deployment.repository,
    serviceAccount: deployment.serverAccount,
    buildServiceAccount: deployment.buildAccount,
    sqlInstance: connectionName(deployment),
    bucket: deployment.artifactBucket,
    buildBucket: deployment.buildBucket,
    url,
    allowedHosts: [...hosts, older, `*---${older}`].join(','),
    allowedOrigins: hosts.map((name) => `https://${name}`).join(','),
    ingress: service.ingress,
    invokerUnchecked: String(service.invoker === 'unchecked'),
    minInstances: String(service.minInstances),
    maxInstances: String(service.maxInstances),
    memory: service.memory,
    cpu: service.cpu,
    labels: JSON.stringify(deploymentLabels(deployment.name)),
    ...Object.fromEntries(SECRET_KEYS.map((key) => [`secretVersions.${key}`, versions[key]])),
  };
}
