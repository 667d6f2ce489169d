/** A constraint that an organisation can set for its projects. https://docs.cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints */
export interface Constraint {
  /** Without `constraints/`. */
  name: string;
  kind: 'boolean' | 'list';
  displayName: string;
  description: string;
  /** List constraints whose values may be groups (`in:eu-locations`). */
  supportsIn?: true;
}

const boolean = (name: string, displayName: string, description: string): Constraint => ({
  name,
  kind: 'boolean',
  displayName,
  description,
});
const list = (name: string, displayName: string, description: string, supportsIn?: true): Constraint => ({
  name,
  kind: 'list',
  displayName,
  description,
  ...(supportsIn ? { supportsIn } : {}),
});

export const CONSTRAINTS: readonly Constraint[] = [
  boolean(
    'compute.disableGlobalLoadBalancing',
    'Disable Global Load Balancing',
    'Disables the creation of global load balancing products.',
  ),
  list(
    'compute.restrictLoadBalancerCreationForTypes',
    'Restrict Load Balancer Creation Based on Load Balancer Types',
    'Defines the load balancer types which may be created.',
    true,
  ),
  list(
    'gcp.resourceLocations',
    'Google Cloud Platform - Resource Location Restriction',
    'Defines the locations of new resources.',
    true,
  ),
  list(
    'gcp.restrictNonCmekServices',
    'Restrict which services may create resources without CMEK',
    'Defines the services whose new resources need a key of the customer.',
  ),
  list('gcp.restrictServiceUsage', 'Restrict Resource Service Usage', 'Defines the services whose resources may be used.'),
  list('iam.allowedPolicyMemberDomains', 'Domain restricted sharing', 'Defines whose members may be added to IAM policies.'),
  boolean(
    'iam.automaticIamGrantsForDefaultServiceAccounts',
    'Disable Automatic IAM Grants for Default Service Accounts',
    'Keeps default service accounts from getting the Editor role when they are made.',
  ),
  boolean('iam.disableServiceAccountCreation', 'Disable service account creation', 'Disables the creation of service accounts.'),
  boolean(
    'iam.disableServiceAccountKeyCreation',
    'Disable service account key creation',
    'Disables the creation of service account keys.',
  ),
  boolean('iam.disableServiceAccountKeyUpload', 'Disable service account key upload', 'Disables the upload of public keys.'),
  boolean(
    'iam.managed.allowedPolicyMembers',
    'Restrict allowed policy members in IAM allow policies',
    'Defines who may be added to IAM policies.',
  ),
  boolean(
    'iam.managed.disableServiceAccountCreation',
    'Disable service account creation',
    'Disables the creation of service accounts.',
  ),
  boolean(
    'iam.managed.disableServiceAccountKeyCreation',
    'Disable service account key creation',
    'Disables the creation of service account keys.',
  ),
  boolean(
    'iam.managed.disableServiceAccountKeyUpload',
    'Disable service account key upload',
    'Disables the upload of public keys.',
  ),
  boolean(
    'iam.managed.preventPrivilegedBasicRolesForDefaultServiceAccounts',
    'Prevent privileged basic roles for default service accounts',
    'Keeps default service accounts from having the Editor or Owner role.',
  ),
  list(
    'iam.workloadIdentityPoolProviders',
    'Allowed external Identity Providers for workloads in Cloud IAM',
    'Defines the identity providers that workload identity pools may take tokens of.',
  ),
  list(
    'run.allowedBinaryAuthorizationPolicies',
    'Allowed Binary Authorization Policies (Cloud Run)',
    'Defines the Binary Authorization policies that Cloud Run services have to name.',
  ),
  list('run.allowedIngress', 'Allowed ingress settings (Cloud Run)', 'Defines the ingress settings of Cloud Run services.', true),
  boolean(
    'run.managed.requireInvokerIam',
    'Require the IAM invoker check',
    'Keeps the invoker IAM check of Cloud Run services from being disabled.',
  ),
  boolean(
    'sql.restrictAuthorizedNetworks',
    'Restrict Authorized Networks on Cloud SQL instances',
    'Keeps networks from being authorized on Cloud SQL instances.',
  ),
  boolean(
    'sql.restrictPublicIp',
    'Restrict Public IP access on Cloud SQL instances',
    'Keeps Cloud SQL instances from having a public IP address.',
  ),
  boolean(
    'storage.publicAccessPrevention',
    'Enforce Public Access Prevention',
    'Secures Cloud Storage data from public exposure.',
  ),
  boolean(
    'storage.uniformBucketLevelAccess',
    'Enforce uniform bucket-level access',
    'Requires buckets to use uniform bucket-level access.',
  ),
];

/** By its name, with or without `constraints/`. */
export function findConstraint(name: string): Constraint | undefined {
  return CONSTRAINTS.find((constraint) => constraint.name === name.replace(/^constraints\//, ''));
}
