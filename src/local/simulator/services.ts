import type { Service } from './service.ts';

/** Every simulated API. A new one is named here. */
export async function loadServices(): Promise<Service[]> {
  const modules = await Promise.all([
    import('./services/artifactregistry.ts').then((module) => module.artifactregistry),
    import('./services/certificatemanager.ts').then((module) => module.certificatemanager),
    import('./services/cloudbilling.ts').then((module) => module.cloudbilling),
    import('./services/cloudbuild.ts').then((module) => module.cloudbuild),
    import('./services/cloudresourcemanager.ts').then((module) => module.cloudresourcemanager),
    import('./services/dns.ts').then((module) => module.dns),
    import('./services/compute.ts').then((module) => module.compute),
    import('./services/docker-registry.ts').then((module) => module.dockerRegistry),
    import('./services/domains.ts').then((module) => module.domains),
    import('./services/iam.ts').then((module) => module.iam),
    import('./services/iamcredentials.ts').then((module) => module.iamcredentials),
    import('./services/iap.ts').then((module) => module.iap),
    import('./services/logging.ts').then((module) => module.logging),
    import('./services/metadata.ts').then((module) => module.metadata),
    import('./services/oauth2.ts').then((module) => module.oauth2),
    import('./services/orgpolicy.ts').then((module) => module.orgpolicy),
    import('./services/run-urls.ts').then((module) => module.runUrls),
    import('./services/run-v1.ts').then((module) => module.runV1),
    import('./services/run-v2.ts').then((module) => module.runV2),
    import('./services/secretmanager.ts').then((module) => module.secretmanager),
    import('./services/serviceusage.ts').then((module) => module.serviceusage),
    import('./services/sqladmin.ts').then((module) => module.sqladmin),
    import('./services/storage.ts').then((module) => module.storage),
    import('./services/sts.ts').then((module) => module.sts),
  ]);
  return modules;
}
