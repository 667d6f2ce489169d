import { GoogleError, type JsonObject } from '../service.ts';
import type { Target } from './iam-targets.ts';
import { errorInfo } from './refusals.ts';

/**
 * The 403 of a permission that is missing, as each API says it. Cloud SQL does not say which; Cloud Storage says it in its text alone.
 * https://docs.cloud.google.com/iam/docs/permission-error-messages
 */
export function permissionDenied(api: string, permission: string, target: Target, principal: string): GoogleError {
  const denied = (message: string, details?: JsonObject[], reason = 'forbidden') =>
    new GoogleError({ code: 403, status: 'PERMISSION_DENIED', message, reason, ...(details ? { details } : {}) });
  const info = (domain = 'iam.googleapis.com') => [
    errorInfo('IAM_PERMISSION_DENIED', domain, { permission, resource: target.shown }),
  ];
  switch (api) {
    case 'sqladmin':
      return new GoogleError({
        code: 403,
        message: 'The client is not authorized to make this request.',
        reason: 'notAuthorized',
      });
    case 'storage':
      return new GoogleError({
        code: 403,
        message: `${principal} does not have ${permission} access to the Google Cloud Storage ${/objects/.test(permission) ? 'object' : 'bucket'}. Permission '${permission}' denied on resource (or it may not exist).`,
        reason: 'forbidden',
      });
    case 'compute':
      return denied(`Required '${permission}' permission for '${target.shown}'`, info());
    case 'serviceusage': {
      const verb = permission.split('.').at(-1) ?? 'use';
      return denied(`Permission denied to ${verb} service [${target.shown}]`, info('serviceusage.googleapis.com'));
    }
    case 'secretmanager':
      return denied(`Permission '${permission}' denied for resource '${target.shown}' (or it may not exist).`, info());
    case 'iam':
    case 'iamcredentials':
      return denied(`Permission '${permission}' denied on resource (or it may not exist).`, info());
    default:
      return denied(
        `Permission '${permission}' denied on resource '//${api}.googleapis.com/${target.shown}' (or it may not exist).`,
        info(permission.startsWith('iam.') ? undefined : `${api}.googleapis.com`),
      );
  }
}
