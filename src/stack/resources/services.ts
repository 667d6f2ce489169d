import { USUAL_SECONDS } from '../../durations.ts';
import { enabledServices, enableServices } from '../../gcp/serviceusage.ts';
import type { Deployment } from '../deployment.ts';
import type { Resource, StackContext } from '../resource.ts';

/** The APIs that every deployment calls. */
const SERVICES = [
  'run',
  'sqladmin',
  'secretmanager',
  'artifactregistry',
  'cloudbuild',
  'iam',
  'iamcredentials',
  'cloudresourcemanager',
  'serviceusage',
  'storage',
];

/** The APIs that a deployment without access control calls, in Google's names. */
export function requiredServices({ ci }: Pick<Deployment, 'ci'>): string[] {
  // Exchanges the tokens of a CI service for Google's.
  const federation = ci.github === undefined ? [] : ['sts'];
  return [...SERVICES, ...federation].map((name) => `${name}.googleapis.com`);
}

/** The Google Cloud services of the project. They are never disabled again: something else may have come to need them. */
export function servicesResource(): Resource {
  return {
    id: 'services',
    title: 'Google Cloud services',
    dependsOn: [],
    usualSeconds: USUAL_SECONDS['services.enable'],
    async observe(context) {
      const missing = await missingServices(context);
      if (missing.length === 0) return { action: 'unchanged', differences: [] };
      return { action: 'create', differences: missing.map((service) => `enable ${service}`) };
    },
    async ensure({ google, deployment }, progress) {
      const services = requiredServices(deployment);
      progress(`enabling ${services.length}`);
      // Those that are enabled already stay as they are, so there is no need to look again.
      await enableServices(google, { projectNumber: deployment.projectNumber, services });
      return 'created';
    },
    async remove() {
      return 'kept';
    },
  };
}

async function missingServices({ google, deployment }: StackContext): Promise<string[]> {
  const services = requiredServices(deployment);
  const enabled = await enabledServices(google, { projectNumber: deployment.projectNumber, services });
  return services.filter((service) => !enabled.has(service));
}
