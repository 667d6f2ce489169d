import { deploymentLabels } from '../gcp/labels.ts';
import type { Tokens } from '../project/render.ts';
import { connectionName, type Deployment, SECRET_KEYS, type SecretKey } from './deployment.ts';

/** The version of each secret that the service is pinned to. */
export type SecretVersions = Record<SecretKey, string>;

/**
 * Values for the templates of the project folder. `serviceUrls`: the addresses that Cloud Run gave the service, once it is deployed:
 * beside the one that follows from name and number there is an older form with a random part. A pattern for that one would let in
 * other people's services whose names begin like ours, so it stands here only when it is known.
 * https://docs.cloud.google.com/run/docs/triggering/https-request
 */
export function projectTokens(deployment: Deployment, versions: SecretVersions, serviceUrls: string[]): Tokens {
  const { service, url } = deployment;
  const own = [...new Set([url, ...serviceUrls])].map((address) => new URL(address).host);
  // The addresses of traffic tags.
  const hosts = own.flatMap((host) => [host, `*---${host}`]);
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
    allowedHosts: hosts.join(','),
    allowedOrigins: hosts.map((name) => `https://${name}`).join(','),
    ingress: 'all',
    minInstances: String(service.minInstances),
    maxInstances: String(service.maxInstances),
    memory: service.memory,
    cpu: service.cpu,
    labels: JSON.stringify(deploymentLabels(deployment.name)),
    ...Object.fromEntries(SECRET_KEYS.map((key) => [`secretVersions.${key}`, versions[key]])),
  };
}
