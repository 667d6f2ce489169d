import type { JsonObject, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { allows, enforcedRule, isEnforced } from './orgpolicy-records.ts';
import { errorInfo, failedPrecondition } from './refusals.ts';

/** What the services refuse because an organisation's policy says so. Each throws in the form of the service that calls it. */

/** @throws GoogleError 400 FAILED_PRECONDITION where service account keys may not be made (or uploaded) */
export function checkNewKey(
  sim: Sim,
  { projectId, email }: { projectId: string; email: string },
  what: 'Creation' | 'Upload',
): void {
  const subject = `projects/${projectId}/serviceAccounts/${email}?configvalue=${encodeURIComponent(email)}`;
  const name = `iam.disableServiceAccountKey${what}`;
  if (isEnforced(sim, projectId, name))
    throw violation(`Key ${what.toLowerCase()} is not allowed on this service account.`, name, subject);
  checkManaged(sim, projectId, `iam.managed.disableServiceAccountKey${what}`, `projects/${projectId}/serviceAccounts/${email}`);
}

/** @throws GoogleError 400 FAILED_PRECONDITION where service accounts may not be made */
export function checkNewAccount(sim: Sim, projectId: string): void {
  const name = 'iam.disableServiceAccountCreation';
  const subject = `projects/${projectId}?configvalue=projects%2F${projectId}`;
  if (isEnforced(sim, projectId, name))
    throw violation('Service account creation is not allowed on this project.', name, subject);
  checkManaged(sim, projectId, 'iam.managed.disableServiceAccountCreation', `projects/${projectId}`);
}

/** @throws GoogleError 400 FAILED_PRECONDITION where tokens of this issuer may not be taken */
export function checkIssuer(sim: Sim, project: string, issuer: string): void {
  const { projectId } = sim.findProject(project);
  const name = 'iam.workloadIdentityPoolProviders';
  if (allows(sim, projectId, name, issuer)) return;
  throw violation(`The identity provider ${issuer} is not allowed by the organization policy.`, name, `projects/${projectId}`);
}

/** @throws GoogleError 400 FAILED_PRECONDITION where a managed constraint is enforced */
export function checkManaged(sim: Sim, projectId: string, name: string, resource: string): void {
  if (!isEnforced(sim, projectId, name)) return;
  throw failedPrecondition(
    `Operation denied by org policy on resource '${resource}': ["constraints/${name}": "The constraint is enforced."].`,
    [errorInfo('CUSTOM_ORG_POLICY_VIOLATION', 'googleapis.com', { customConstraints: `constraints/${name}` })],
  );
}

/**
 * Refuses members that do not belong to the organisation: everybody, and addresses of other domains. Accounts of the project and
 * members that a policy had before pass. https://docs.cloud.google.com/resource-manager/docs/organization-policy/restricting-domains
 * @throws GoogleError 400 FAILED_PRECONDITION; 412 in Cloud Storage's form
 */
export function checkNewMembers(
  sim: Sim,
  projectId: string,
  members: string[],
  before: string[],
  form: 'storage' | 'usual' = 'usual',
): void {
  const { projectNumber } = sim.findProject(projectId);
  const own = (email: string) => email.includes(projectId) || email.includes(projectNumber);
  for (const member of members) {
    if (before.includes(member) || /^(?:project\w+|deleted|principal\w*):/.test(member)) continue;
    const email = member.replace(/^\w+:/, '');
    const ofProject = member.startsWith('serviceAccount:') && own(email);
    if (!isPermittedMember(sim, projectId, member, ofProject))
      checkManaged(sim, projectId, MANAGED_MEMBERS, `projects/${projectId}`);
    if (ofProject) continue;
    const name = 'iam.allowedPolicyMemberDomains';
    if (allows(sim, projectId, name, email.replace(/^.*@/, ''))) continue;
    const message = 'One or more users named in the policy do not belong to a permitted customer.';
    if (form === 'storage') throw conditionNotMet(message);
    throw failedPrecondition(message, [
      precondition(
        `User ${email} is not in permitted organization.`,
        name,
        `orgpolicy:projects/${projectId}?configvalue=${email}`,
      ),
    ]);
  }
}

const MANAGED_MEMBERS = 'iam.managed.allowedPolicyMembers';

/** A member that the policy names itself, or an account of the project where the policy lets in the project or what it lies in. */
function isPermittedMember(sim: Sim, projectId: string, member: string, ofProject: boolean): boolean {
  const { parameters = {} } = enforcedRule(sim, projectId, MANAGED_MEMBERS) ?? {};
  const named = (parameters['allowedMemberSubjects'] ?? []) as string[];
  const sets = (parameters['allowedPrincipalSets'] ?? []) as string[];
  return named.includes(member) || (ofProject && sets.some((set) => set.startsWith('//cloudresourcemanager.googleapis.com/')));
}

/** London and Zürich. */
const OUTSIDE_EU = ['europe-west2', 'europe-west6'];

/** Whether new resources may be in a location: `us-central1`, `eu`, `global`. */
export function isLocationAllowed(sim: Sim, projectId: string, location: string): boolean {
  const place = location.toLowerCase();
  return allows(sim, projectId, 'gcp.resourceLocations', place, (group) => {
    const area = group.replace(/-locations$/, '');
    if (area === 'eu' || area === 'europe') {
      return place === 'eu' || (place.startsWith('eur') && (area === 'europe' || !OUTSIDE_EU.includes(place)));
    }
    return place === area || place.startsWith(`${area}-`) || new RegExp(`^${area}\\d`).test(place);
  });
}

/** @throws GoogleError 400 FAILED_PRECONDITION @param doing `create a secret` */
export function checkLocation(sim: Sim, projectId: string, location: string, doing: string): void {
  if (isLocationAllowed(sim, projectId, location)) return;
  const subject = `orgpolicy:projects/${sim.findProject(projectId).projectNumber}`;
  const message = `Constraint constraints/gcp.resourceLocations violated for [${subject}] attempting to ${doing} in [${location}]. For more information, see https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations.`;
  throw violation(message, 'gcp.resourceLocations', subject);
}

/** @throws GoogleError 412, as Cloud Storage has it */
export function checkBucketLocation(sim: Sim, projectId: string, location: string): void {
  if (isLocationAllowed(sim, projectId, location)) return;
  throw conditionNotMet(`'${location.toLowerCase()}' violates constraint 'constraints/gcp.resourceLocations'`);
}

/** For a bucket without uniform access. @throws GoogleError 412 */
export function checkUniformAccess(sim: Sim, projectId: string): void {
  if (!isEnforced(sim, projectId, 'storage.uniformBucketLevelAccess')) return;
  throw conditionNotMet("Request violates constraint 'constraints/storage.uniformBucketLevelAccess'");
}

/** What Cloud SQL says of an instance that policies forbid; undefined for one that may be. */
export function sqlObjection(sim: Sim, projectId: string, region: string, settings: JsonObject): string | undefined {
  const { projectNumber } = sim.findProject(projectId);
  if (!isLocationAllowed(sim, projectId, region)) {
    return `'${region}' violates constraint 'constraints/gcp.resourceLocations' on the resource 'projects/${projectId}'.`;
  }
  const ip = (settings['ipConfiguration'] ?? {}) as JsonObject;
  const failed = (what: string, name: string) =>
    `Organization Policy check failure: the ${what} of this instance violates the constraints/${name} enforced at the ${projectNumber} project.`;
  if (ip['ipv4Enabled'] === true && isEnforced(sim, projectId, 'sql.restrictPublicIp')) {
    return failed('external IP', 'sql.restrictPublicIp');
  }
  const networks = ip['authorizedNetworks'];
  if (Array.isArray(networks) && networks.length > 0 && isEnforced(sim, projectId, 'sql.restrictAuthorizedNetworks')) {
    return failed('authorized networks', 'sql.restrictAuthorizedNetworks');
  }
  return undefined;
}

export interface RunSettings {
  /** `CreateService` or `UpdateService`. */
  method: string;
  /** `all`, `internal`, … */
  ingress: string;
  invokerIamDisabled: boolean;
  /** `default`, the name of a policy, or undefined where none is named. */
  binaryAuthorization: string | undefined;
}

/** @throws GoogleError 400 FAILED_PRECONDITION for a Cloud Run service's ingress, open door or images that nobody vouches for */
export function checkRunService(
  sim: Sim,
  projectId: string,
  resource: string,
  { method, ingress, invokerIamDisabled, binaryAuthorization }: RunSettings,
): void {
  if (!allows(sim, projectId, 'run.allowedIngress', ingress)) {
    const message = `Constraint constraints/run.allowedIngress violated for attempting ${method} with annotation "run.googleapis.com/ingress" set to ${ingress}.`;
    throw violation(message, 'run.allowedIngress', `orgpolicy:projects/${projectId}`);
  }
  const binary = 'run.allowedBinaryAuthorizationPolicies';
  if (!allows(sim, projectId, binary, binaryAuthorization ?? '')) {
    const message = `Constraint constraints/${binary} violated for attempting ${method} with annotation "run.googleapis.com/binary-authorization" set to ${binaryAuthorization ?? 'the default value'}.`;
    throw violation(message, binary, `orgpolicy:projects/${projectId}`);
  }
  if (invokerIamDisabled) checkManaged(sim, projectId, 'run.managed.requireInvokerIam', resource);
}

/** The kinds of global load balancers in front of web services, by their scheme. */
const BALANCERS: Record<string, string> = {
  EXTERNAL: 'EXTERNAL_HTTP_HTTPS',
  EXTERNAL_MANAGED: 'GLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS',
};

/** For a new global load balancer of this scheme. @throws GoogleError 412, as Compute Engine has it */
export function checkLoadBalancer(sim: Sim, projectId: string, scheme: string): void {
  const type = BALANCERS[scheme] ?? scheme;
  const isIn = (group: string) => group === 'EXTERNAL' && type.includes('EXTERNAL');
  const name = 'compute.restrictLoadBalancerCreationForTypes';
  const broken = isEnforced(sim, projectId, 'compute.disableGlobalLoadBalancing')
    ? 'compute.disableGlobalLoadBalancing'
    : allows(sim, projectId, name, type, isIn)
      ? undefined
      : name;
  if (broken)
    throw conditionNotMet(
      `Constraint constraints/${broken} violated for projects/${projectId}. Load balancers of type ${type} are not allowed.`,
    );
}

export function conditionNotMet(message: string): GoogleError {
  return new GoogleError({ code: 412, message, reason: 'conditionNotMet', location: 'If-Match', locationType: 'header' });
}

export function violation(message: string, name: string, subject: string): GoogleError {
  return failedPrecondition(message, [precondition(message, name, subject)]);
}

function precondition(description: string, name: string, subject: string): JsonObject {
  return {
    '@type': 'type.googleapis.com/google.rpc.PreconditionFailure',
    violations: [{ type: `constraints/${name}`, subject, description }],
  };
}
