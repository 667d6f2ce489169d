import type { Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { conditionNotMet, violation } from './orgpolicy-checks.ts';
import { allows } from './orgpolicy-records.ts';
import { errorInfo } from './refusals.ts';

/** What these constraints say nothing about. https://docs.cloud.google.com/resource-manager/docs/organization-policy/restricting-resources */
const ALWAYS_USABLE = [
  'iam',
  'iamcredentials',
  'sts',
  'logging',
  'orgpolicy',
  'serviceusage',
  'cloudresourcemanager',
  'cloudbilling',
];
const USAGE = 'gcp.restrictServiceUsage';
const CMEK = 'gcp.restrictNonCmekServices';

/** @throws GoogleError 403 RESOURCE_USAGE_RESTRICTION_VIOLATED where a project may not use a service @param service `run.googleapis.com` */
export function checkServiceUsage(sim: Sim, projectId: string, service: string): void {
  if (ALWAYS_USABLE.includes(service.replace(/\.googleapis\.com$/, '')) || allows(sim, projectId, USAGE, service)) return;
  const { projectNumber } = sim.findProject(projectId);
  throw new GoogleError({
    code: 403,
    status: 'PERMISSION_DENIED',
    message: `Request is disallowed by organization's constraints/${USAGE} constraint for 'projects/${projectNumber}' attempting to use service '${service}'.`,
    reason: 'forbidden',
    details: [
      errorInfo('RESOURCE_USAGE_RESTRICTION_VIOLATED', 'googleapis.com', { consumer: `projects/${projectNumber}`, service }),
    ],
  });
}

/** Whether a service's new resources need a key of the customer. @param service `run.googleapis.com` */
export function needsKey(sim: Sim, projectId: string, service: string): boolean {
  return !allows(sim, projectId, CMEK, service);
}

/** For a resource that names no key. @throws GoogleError 400 FAILED_PRECONDITION @param doing `create a secret` */
export function checkKeyless(sim: Sim, projectId: string, service: string, doing: string): void {
  if (!needsKey(sim, projectId, service)) return;
  const message = `Constraint constraints/${CMEK} violated for projects/${projectId} attempting to ${doing} without a CMEK key. See https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints for more information.`;
  throw violation(message, CMEK, `orgpolicy:projects/${projectId}`);
}

/** What Cloud SQL says of an instance that names no key. */
export function keyObjection({ projectNumber }: { projectNumber: string }): string {
  return `Organization Policy check failure: the encryption of this instance violates the constraints/${CMEK} enforced at the ${projectNumber} project.`;
}

/** For a bucket that names no key. @throws GoogleError 412, as Cloud Storage has it */
export function checkKeylessBucket(sim: Sim, projectId: string): void {
  if (needsKey(sim, projectId, 'storage.googleapis.com')) {
    throw conditionNotMet(`Request violates constraint 'constraints/${CMEK}'`);
  }
}
