import type { JsonObject, Sim } from '../service.ts';
import { billingEnabled } from './cloudbilling.ts';
import { grantOnProject } from './cloudresourcemanager-policy.ts';
import { projectRecord } from './cloudresourcemanager-projects.ts';
import { ensureAgent } from './iam-accounts.ts';
import { isEnforced } from './orgpolicy-records.ts';
import { errorInfo, failedPrecondition, forbidden } from './refusals.ts';
import { catalog, costsByItself, dependencies, enabledByDefault, grantsOf, needsBilling } from './serviceusage-catalog.ts';

const KIND = 'serviceusage.services';
const exists = new Set(catalog);

export type Project = Sim['project'];

/**
 * Whether a service may be called in a project.
 * @param service `run.googleapis.com`
 */
export function isEnabled(sim: Sim, projectId: string, service: string): boolean {
  const known = noted(sim, projectId, service);
  if (known !== undefined) return known;
  return enabledByDefault.has(service) || (!costsByItself.has(service) && projectRecord(sim, projectId)?.inUse === true);
}

/** Whether enabling it changes nothing. Which services a project that was in use before really has, nobody knows: enabling one takes its time there. */
export function isSurelyEnabled(sim: Sim, projectId: string, service: string): boolean {
  return noted(sim, projectId, service) ?? enabledByDefault.has(service);
}

function noted(sim: Sim, projectId: string, service: string): boolean | undefined {
  return sim.store.get<{ enabled: boolean }>(KIND, `${projectId}/${service}`)?.enabled;
}

/** The resource as the API shows it: always by the project's number. */
export function showService(sim: Sim, project: Project, service: string): JsonObject {
  return {
    name: `projects/${project.projectNumber}/services/${service}`,
    config: {
      name: service,
      title: title(service),
      documentation: {},
      quota: {},
      authentication: {},
      usage: { requirements: ['serviceusage.googleapis.com/tos/cloud'] },
    },
    state: isEnabled(sim, project.projectId, service) ? 'ENABLED' : 'DISABLED',
    parent: `projects/${project.projectNumber}`,
  };
}

/**
 * Refuses what cannot be enabled.
 * @throws GoogleError 403 for a service that does not exist, 400 FAILED_PRECONDITION when billing is needed and off
 */
export function checkEnable(sim: Sim, project: Project, services: string[]): void {
  checkExist(services);
  const paid = services.filter((service) => needsBilling.has(service));
  if (paid.length === 0 || billingEnabled(sim, project.projectId)) return;
  const names = paid.join(',');
  throw failedPrecondition(
    `Billing account for project '${project.projectNumber}' is not found. Billing must be enabled for activation of service(s) '${names}' to proceed.`,
    [
      {
        '@type': 'type.googleapis.com/google.rpc.PreconditionFailure',
        violations: [
          {
            type: 'googleapis.com/billing-enabled',
            subject: `?error_code=390001&project=${project.projectNumber}&services=${paid.join('&services=')}`,
          },
        ],
      },
      errorInfo('UREQ_PROJECT_BILLING_NOT_FOUND', 'serviceusage.googleapis.com/billing-enabled', {
        services: names,
        project: project.projectNumber,
      }),
    ],
  );
}

/** @throws GoogleError 403, for Google does not tell a service that does not exist from one that is not yours */
export function checkExist(services: string[]): void {
  const unknown = services.filter((service) => !exists.has(service));
  if (unknown.length === 0) return;
  throw forbidden(`Not found or permission denied for service(s): ${unknown.join(',')}.`, [
    {
      '@type': 'type.googleapis.com/google.rpc.PreconditionFailure',
      violations: [{ type: 'googleapis.com', subject: `?error_code=220002&services=${unknown.join('&services=')}` }],
    },
    errorInfo('SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED', 'serviceusage.googleapis.com', { services: unknown.join(',') }),
  ]);
}

/** Enables the services with what they depend on, and makes the accounts and grants that come with them. */
export function enable(sim: Sim, project: Project, services: string[], principal: string): void {
  for (const service of new Set(services.flatMap((name) => [name, ...(dependencies[name] ?? [])]))) {
    if (isSurelyEnabled(sim, project.projectId, service)) continue;
    sim.store.put(KIND, `${project.projectId}/${service}`, { enabled: true });
    equip(sim, project, [service], principal);
  }
}

/** Makes the accounts and grants that come with services. */
export function equip(sim: Sim, project: Project, services: string[], principal: string): void {
  for (const { email, role, ...facts } of services.flatMap((service) => grantsOf(service, project.projectNumber))) {
    ensureAgent(sim, project.projectId, email, facts);
    // Of the default service accounts, which are the ones with the Editor role, an organisation may not want that.
    if (role === 'roles/editor' && isEnforced(sim, project.projectId, 'iam.automaticIamGrantsForDefaultServiceAccounts'))
      continue;
    grantOnProject(sim, project.projectId, principal, role, `serviceAccount:${email}`);
  }
}

/**
 * Disables the service, and those that depend on it if asked to.
 * @throws GoogleError 400 FAILED_PRECONDITION when enabled services depend on it
 */
export function disable(sim: Sim, project: Project, service: string, dependentsToo: boolean): void {
  const dependents = dependentsOf(sim, project, service);
  if (dependents.length > 0 && !dependentsToo) {
    throw failedPrecondition(
      `The service ${service} is depended on by the following active service(s): ${dependents.join(',')}; Please specify disable_dependent_services=true if you want to proceed with disabling all services.`,
      [
        {
          '@type': 'type.googleapis.com/google.rpc.PreconditionFailure',
          violations: [
            {
              type: 'googleapis.com',
              subject: `?error_code=100001&service_name=${service}&services=${dependents.join('&services=')}`,
            },
          ],
        },
      ],
    );
  }
  for (const name of [...dependents, service]) sim.store.put(KIND, `${project.projectId}/${name}`, { enabled: false });
}

function dependentsOf(sim: Sim, project: Project, service: string): string[] {
  return Object.entries(dependencies)
    .filter(([name, needed]) => needed.includes(service) && isSurelyEnabled(sim, project.projectId, name))
    .map(([name]) => name);
}

const TITLES: Record<string, string> = {
  'artifactregistry.googleapis.com': 'Artifact Registry API',
  'cloudbuild.googleapis.com': 'Cloud Build API',
  'cloudresourcemanager.googleapis.com': 'Cloud Resource Manager API',
  'compute.googleapis.com': 'Compute Engine API',
  'iam.googleapis.com': 'Identity and Access Management (IAM) API',
  'iamcredentials.googleapis.com': 'IAM Service Account Credentials API',
  'iap.googleapis.com': 'Cloud Identity-Aware Proxy API',
  'run.googleapis.com': 'Cloud Run Admin API',
  'secretmanager.googleapis.com': 'Secret Manager API',
  'serviceusage.googleapis.com': 'Service Usage API',
  'sqladmin.googleapis.com': 'Cloud SQL Admin API',
  'storage.googleapis.com': 'Cloud Storage API',
};

function title(service: string): string {
  return TITLES[service] ?? `${service.replace(/\.googleapis\.com$/, '')} API`;
}
