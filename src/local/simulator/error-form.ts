import type { GoogleErrorFacts, JsonObject } from './service.ts';
import { GoogleError } from './service.ts';

/**
 * How an API writes errors and how strictly it reads, as recorded at the real ones:
 * `modern` has `status` and `details`; `both` has the older `errors` list as well; `older` has the list, and a status only where the
 * front end speaks (compute, sqladmin); `classic` is Cloud Storage, which overlooks fields and parameters that it does not know.
 */
export type Family = 'modern' | 'both' | 'older' | 'classic';
const FAMILIES: Record<string, Family> = {
  iam: 'both',
  dns: 'both',
  compute: 'older',
  sqladmin: 'older',
  storage: 'classic',
  oauth2: 'classic',
};

export function familyOf(api: string): Family {
  return FAMILIES[api] ?? 'modern';
}

/** google.rpc.Code by HTTP status. https://docs.cloud.google.com/apis/design/errors */
const STATUSES: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  412: 'FAILED_PRECONDITION',
  413: 'INVALID_ARGUMENT',
  416: 'OUT_OF_RANGE',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};
/** `errors[].reason` where none was given. */
const REASONS: Record<number, string> = {
  400: 'badRequest',
  401: 'authError',
  403: 'forbidden',
  404: 'notFound',
  409: 'conflict',
  412: 'conditionNotMet',
  413: 'uploadTooLarge',
  429: 'rateLimitExceeded',
  500: 'backendError',
  503: 'backendError',
};
const CODES: Record<string, number> = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

/** The google.rpc.Code name that stands for an HTTP status. */
export function statusName(code: number): string {
  return STATUSES[code] ?? (code >= 500 ? 'INTERNAL' : 'UNKNOWN');
}

/** The number of an error in a google.rpc.Status, as in a finished operation's `error`. */
export function rpcCode(facts: Pick<GoogleErrorFacts, 'code' | 'status'>): number {
  return CODES[facts.status ?? statusName(facts.code)] ?? 2;
}

/** The body of a refusal, in the form of this API. */
export function errorBody(facts: GoogleErrorFacts, family: Family): JsonObject {
  const { code, message, details } = facts;
  const legacy: JsonObject = {
    message,
    domain: facts.domain ?? 'global',
    reason: facts.reason ?? REASONS[code] ?? (code >= 500 ? 'backendError' : 'invalid'),
    ...(facts.location === undefined ? {} : { location: facts.location }),
    ...(facts.locationType === undefined ? {} : { locationType: facts.locationType }),
  };
  const status = facts.status ?? (family === 'modern' || family === 'both' ? statusName(code) : undefined);
  return {
    error: {
      code,
      message,
      ...(family === 'modern' ? {} : { errors: [legacy] }),
      ...(status === undefined ? {} : { status }),
      ...(details?.length ? { details } : {}),
    },
  };
}

/** 400, one message a violation, as the front end of Google's APIs lists them. */
export function badRequest(violations: Array<{ field?: string; description: string }>): GoogleError {
  return new GoogleError({
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: violations.map(({ description }) => description).join('\n'),
    reason: 'badRequest',
    details: [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: violations }],
  });
}

export function methodNotFound(): GoogleError {
  return new GoogleError({ code: 404, status: 'NOT_FOUND', message: 'Method not found.' });
}

/** 401: no credential at all. */
export function unauthenticated(api: string, method: string, family: Family): GoogleError {
  const modern = family === 'modern' || family === 'both';
  return new GoogleError({
    code: 401,
    status: 'UNAUTHENTICATED',
    message:
      'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. ' +
      'See https://developers.google.com/identity/sign-in/web/devconsole-project.',
    reason: modern ? 'unauthorized' : 'required',
    locationType: 'header',
    location: 'Authorization',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'CREDENTIALS_MISSING',
        domain: 'googleapis.com',
        metadata: { method, service: `${api}.googleapis.com` },
      },
    ],
  });
}

/** 403 of a service that is not enabled in the project. */
export function serviceDisabled(
  service: string,
  title: string,
  project: { projectId: string; projectNumber: string },
): GoogleError {
  const url = `https://console.developers.google.com/apis/api/${service}/overview?project=${project.projectNumber}`;
  const message =
    `${title} has not been used in project ${project.projectNumber} before or it is disabled. Enable it by visiting ${url} then retry. ` +
    'If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.';
  return new GoogleError({
    code: 403,
    status: 'PERMISSION_DENIED',
    message,
    reason: 'accessNotConfigured',
    domain: 'usageLimits',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'SERVICE_DISABLED',
        domain: 'googleapis.com',
        metadata: {
          activationUrl: url,
          consumer: `projects/${project.projectNumber}`,
          containerInfo: project.projectNumber,
          service,
          serviceTitle: title,
        },
      },
      { '@type': 'type.googleapis.com/google.rpc.LocalizedMessage', locale: 'en-US', message },
      {
        '@type': 'type.googleapis.com/google.rpc.Help',
        links: [{ description: 'Google developers console API activation', url }],
      },
    ],
  });
}

/** 403 of a project that does not exist, or is somebody else's: Google does not tell which. */
export function consumerInvalid(service: string, project: string): GoogleError {
  return new GoogleError({
    code: 403,
    status: 'PERMISSION_DENIED',
    message: `Permission denied on resource project ${project}.`,
    reason: 'forbidden',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'CONSUMER_INVALID',
        domain: 'googleapis.com',
        metadata: { consumer: `projects/${project}`, containerInfo: project, service },
      },
    ],
  });
}
