import type { ErrorFacts } from '../errors.ts';
import { type GoogleFailure, isDuplicate } from './failure.ts';
import { roleForHost, roleWith, serviceOfHost, sqlPermission } from './roles.ts';

/** An error's facts, and whether it is about who asks. */
export type FailureFacts = ErrorFacts & { access?: boolean };

/** The projects of gcloud's own sign-in clients: what user credentials are charged to that name no other. Nothing can be enabled there. */
const GCLOUD_PROJECTS = ['764086051850', '32555940559'];

/** One rule for each kind of refusal, the more telling first; the first that has something to say is taken. */
const RULES: Array<(failure: GoogleFailure, tokenGiven: boolean) => FailureFacts | undefined> = [
  notSignedIn,
  serviceDisabled,
  billingDisabled,
  organisationPolicy,
  projectUnknown,
  quota,
  permissionDenied,
  nameReserved,
  conflict,
  notFound,
  unavailable,
];

/** What to tell people about a refusal, by status, reason and details. `tokenGiven`: the token came from the environment as it is. */
export function factsOf(failure: GoogleFailure, tokenGiven: boolean): FailureFacts {
  for (const rule of RULES) {
    const facts = rule(failure, tokenGiven);
    if (facts !== undefined) return facts;
  }
  const where = failure.violations.map((violation) => `${violation.subject}: ${violation.description}`).join('; ');
  return {
    code: 'GOOGLE_REFUSED',
    message: `${described(failure)} was refused: ${failure.message || failure.rpcStatus || `status ${failure.status}`}${where && ` (${where})`}`,
    hint: 'Correct what Google names above and run the command again; --verbose shows each request.',
  };
}

function notSignedIn(failure: GoogleFailure, tokenGiven: boolean): FailureFacts | undefined {
  // Google's token endpoint answers 400 for a sign-in that has run out or was taken back.
  const expired = failure.reasons.includes('invalid_grant') || failure.reasons.includes('invalid_rapt');
  if (failure.status !== 401 && !expired) return undefined;
  return {
    access: true,
    code: expired ? 'SIGN_IN_EXPIRED' : 'NOT_SIGNED_IN',
    message: tokenGiven
      ? 'Google Cloud does not accept the token in CLOUDSDK_AUTH_ACCESS_TOKEN; such a token lives for an hour.'
      : 'Google Cloud does not accept the credentials of this machine: they have run out or were taken back.',
    hint: tokenGiven
      ? 'export CLOUDSDK_AUTH_ACCESS_TOKEN="$(gcloud auth print-access-token)"'
      : 'gcloud auth application-default login',
    docs: 'https://docs.cloud.google.com/docs/authentication/provide-credentials-adc',
  };
}

function serviceDisabled(failure: GoogleFailure): FailureFacts | undefined {
  if (!hasReason(failure, 'SERVICE_DISABLED', 'accessNotConfigured')) return undefined;
  const service = failure.metadata['service'] ?? serviceOfHost(hostOf(failure));
  // Google names who is charged by number, and the request names its project by id, so that the two cannot be compared.
  const charged = failure.metadata['consumer']?.replace(/^projects\//, '');
  const project = projectOf(failure) ?? 'PROJECT';
  const docs = 'https://docs.cloud.google.com/service-usage/docs/enable-disable';
  if (charged !== undefined && GCLOUD_PROJECTS.includes(charged)) {
    return {
      code: 'NO_QUOTA_PROJECT',
      message: `The credentials of this machine name no project that requests to ${service} are charged to.`,
      hint: `gcloud auth application-default set-quota-project ${project}`,
      docs: 'https://docs.cloud.google.com/docs/quotas/set-quota-project',
    };
  }
  const message = `The API ${service} is not enabled in project ${project}.`;
  return { code: 'SERVICE_DISABLED', message, hint: `gcloud services enable ${service} --project=${project}`, docs };
}

function billingDisabled(failure: GoogleFailure): FailureFacts | undefined {
  const violated = failure.violations.some((violation) => violation.type === 'serviceusage/billing-enabled');
  if (
    !violated &&
    !hasReason(failure, 'BILLING_DISABLED', 'UREQ_PROJECT_BILLING_NOT_FOUND', 'billingNotEnabled', 'accountDisabled')
  )
    return undefined;
  const project = projectOf(failure) ?? 'PROJECT';
  return {
    code: 'BILLING_DISABLED',
    message: `Billing is not enabled for project ${project}; Google Cloud asks for it before it makes what this needs.`,
    hint: `gcloud billing accounts list, then: gcloud billing projects link ${project} --billing-account=ACCOUNT_ID`,
    docs: `https://console.cloud.google.com/billing/linkedaccount?project=${project}`,
  };
}

function organisationPolicy(failure: GoogleFailure): FailureFacts | undefined {
  const violation = failure.violations.find(({ type }) => /^(constraints|customConstraints)\//.test(type));
  const custom = hasReason(failure, 'CUSTOM_ORG_POLICY_VIOLATION', 'ORG_POLICY_VIOLATION', 'ORGANIZATION_POLICY_VIOLATION');
  if (violation === undefined && !custom) return undefined;
  const constraint = violation?.type ?? failure.metadata['customConstraints'] ?? failure.metadata['constraint'] ?? 'a constraint';
  return {
    code: 'ORG_POLICY',
    message: `A policy of your organisation forbids this: ${constraint}. ${failure.message}`.trim(),
    hint: `Ask an administrator of the organisation for an exception; show them: gcloud org-policies describe ${constraint.replace(/^constraints\//, '')} --effective --project=${projectOf(failure) ?? 'PROJECT'}`,
    docs: 'https://docs.cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints',
  };
}

function projectUnknown(failure: GoogleFailure): FailureFacts | undefined {
  const isTheProject = failure.status === 404 && /\/projects\/[^/:]+$/.test(pathOf(failure));
  if (!isTheProject && !hasReason(failure, 'CONSUMER_INVALID', 'USER_PROJECT_DENIED', 'PROJECT_NOT_FOUND', 'PROJECT_DENIED'))
    return undefined;
  const project = failure.metadata['consumer']?.replace(/^projects\//, '') ?? projectOf(failure) ?? 'PROJECT';
  return {
    access: true,
    code: 'PROJECT_NOT_FOUND',
    message: `There is no project ${project}, or you may not use it: Google gives one answer to both.`,
    hint: 'See the projects that you have: gcloud projects list. Then name one with --project.',
    docs: 'https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects',
  };
}

function quota(failure: GoogleFailure): FailureFacts | undefined {
  const rated = hasReason(
    failure,
    'RATE_LIMIT_EXCEEDED',
    'RESOURCE_QUOTA_EXCEEDED',
    'rateLimitExceeded',
    'userRateLimitExceeded',
    'quotaExceeded',
    'CONCURRENT_OPERATIONS_QUOTA_EXCEEDED',
  );
  if (failure.status !== 429 && failure.rpcStatus !== 'RESOURCE_EXHAUSTED' && !rated) return undefined;
  const metric = failure.metadata['quota_metric'] ?? failure.metadata['quota_limit'] ?? failure.violations[0]?.subject;
  const project = projectOf(failure) ?? 'PROJECT';
  return {
    code: 'QUOTA_EXCEEDED',
    message: `Google Cloud's quota${metric ? ` ${metric}` : ''} is used up in project ${project}: ${failure.message}`,
    hint: 'Wait a minute and run the command again: what is done stays done. If it happens again, ask for more on the quota page.',
    docs: `https://console.cloud.google.com/iam-admin/quotas?project=${project}`,
  };
}

function permissionDenied(failure: GoogleFailure): FailureFacts | undefined {
  if (failure.status !== 403) return undefined;
  const permission = failure.metadata['permission'] ?? sqlPermission(hostOf(failure), failure.method, pathOf(failure));
  const role = (permission === undefined ? undefined : roleWith(permission)) ?? roleForHost(hostOf(failure));
  const project = projectOf(failure) ?? 'PROJECT';
  const resource = failure.metadata['resource'] ?? pathOf(failure);
  return {
    access: true,
    code: 'PERMISSION_DENIED',
    message: permission
      ? `You need the permission ${permission} on ${resource}.`
      : `You may not do this: ${described(failure)}. ${failure.message}`.trim(),
    hint:
      role === undefined
        ? `Ask an owner of project ${project} for the permission.`
        : `Ask an owner of the project to run: gcloud projects add-iam-policy-binding ${project} --member=user:YOUR_EMAIL --role=${role}`,
    docs: 'https://docs.cloud.google.com/iam/docs/granting-changing-revoking-access',
  };
}

function nameReserved(failure: GoogleFailure): FailureFacts | undefined {
  if (failure.status !== 409 || !hasReason(failure, 'instanceAlreadyExists')) return undefined;
  return {
    code: 'SQL_NAME_RESERVED',
    message:
      'Cloud SQL has an instance of this name, or had one until less than a week ago: the name of a deleted instance stays reserved that long.',
    hint: 'Choose another name for the instance.',
    docs: 'https://docs.cloud.google.com/sql/docs/postgres/delete-instance',
  };
}

function conflict(failure: GoogleFailure): FailureFacts | undefined {
  if (failure.status !== 409 && failure.status !== 412) return undefined;
  return {
    code: isDuplicate(failure) ? 'ALREADY_EXISTS' : 'CONFLICT',
    message: `${described(failure)} met something else: ${failure.message}`,
    hint: 'Somebody or something may be working on the same resource. Run the command again: it goes on from what is there.',
  };
}

function notFound(failure: GoogleFailure): FailureFacts | undefined {
  if (failure.status !== 404) return undefined;
  return {
    code: 'NOT_FOUND',
    message: `${described(failure)}: there is no such thing. ${failure.message}`.trim(),
    hint: 'It may have been deleted meanwhile. See what is there: mlflow-gcp status',
  };
}

function unavailable(failure: GoogleFailure): FailureFacts | undefined {
  if (failure.status < 500 && failure.status !== 408) return undefined;
  return {
    code: 'GOOGLE_UNAVAILABLE',
    message: `${described(failure)} failed on Google's side, several times: ${failure.message || `status ${failure.status}`}`,
    hint: 'Run the command again in some minutes: it goes on from what is there.',
    docs: 'https://status.cloud.google.com',
  };
}

function hasReason(failure: GoogleFailure, ...reasons: string[]): boolean {
  return failure.reasons.some((reason) => reasons.includes(reason));
}

function described(failure: GoogleFailure): string {
  return failure.url === '' ? 'The request' : `${failure.method} ${hostOf(failure)}${pathOf(failure)}`;
}

function hostOf(failure: GoogleFailure): string {
  return URL.canParse(failure.url) ? new URL(failure.url).hostname : '';
}

function pathOf(failure: GoogleFailure): string {
  return URL.canParse(failure.url) ? decodeURIComponent(new URL(failure.url).pathname) : failure.url;
}

/** The project that the request was about, by its path. */
function projectOf(failure: GoogleFailure): string | undefined {
  return (
    /\/?\b(?:projects|namespaces)\/([^/:?]+)/.exec(failure.url)?.[1] ?? failure.metadata['consumer']?.replace(/^projects\//, '')
  );
}
