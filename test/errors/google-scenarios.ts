import type { JsonObject } from '../../src/local/simulator/service.ts';
import { refused, type Scenario } from './scenario.ts';

const PROJECT = 'cloudresourcemanager.projects.get';

const reason = (name: string, metadata: Record<string, string> = {}): JsonObject => ({
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason: name,
  domain: 'googleapis.com',
  metadata,
});
const violation = (type: string): JsonObject => ({
  '@type': 'type.googleapis.com/google.rpc.PreconditionFailure',
  violations: [{ type, subject: 'orgpolicy:projects/mlflow-local', description: 'Constraint violated.' }],
});

/** What Google says, as it says it, to a command that asks for the project first. */
export const googleScenarios: Scenario[] = [
  refused('NOT_SIGNED_IN', PROJECT, { code: 401, message: 'Request had invalid authentication credentials.' }),
  refused('SIGN_IN_EXPIRED', PROJECT, {
    code: 400,
    message: 'Token has been expired or revoked.',
    details: [reason('invalid_grant')],
  }),
  refused('SERVICE_DISABLED', PROJECT, {
    code: 403,
    message: 'The API is disabled.',
    details: [reason('SERVICE_DISABLED', { service: 'cloudresourcemanager.googleapis.com', consumer: 'projects/123' })],
  }),
  refused('NO_QUOTA_PROJECT', PROJECT, {
    code: 403,
    message: 'The API is disabled.',
    details: [reason('SERVICE_DISABLED', { service: 'cloudresourcemanager.googleapis.com', consumer: 'projects/764086051850' })],
  }),
  refused('BILLING_DISABLED', PROJECT, { code: 403, message: 'Billing must be enabled.', details: [reason('BILLING_DISABLED')] }),
  refused('ORG_POLICY', PROJECT, {
    code: 400,
    status: 'FAILED_PRECONDITION',
    message: 'Constraint violated.',
    details: [violation('constraints/gcp.resourceLocations')],
  }),
  refused('PROJECT_NOT_FOUND', PROJECT, {
    code: 403,
    message: 'Denied.',
    details: [reason('CONSUMER_INVALID', { consumer: 'projects/x' })],
  }),
  refused('QUOTA_EXCEEDED', PROJECT, {
    code: 403,
    status: 'RESOURCE_EXHAUSTED',
    message: 'Quota is used up.',
    details: [reason('RESOURCE_QUOTA_EXCEEDED')],
  }),
  refused('PERMISSION_DENIED', 'secretmanager.projects.secrets.versions.access', { code: 403, message: 'Denied.' }, ['connect']),
  refused('ALREADY_EXISTS', PROJECT, { code: 409, status: 'ALREADY_EXISTS', message: 'It is there.' }),
  refused('CONFLICT', PROJECT, { code: 409, status: 'ABORTED', message: 'Somebody else was faster.' }),
  refused('NOT_FOUND', 'cloudbilling.projects.getBillingInfo', { code: 404, message: 'Nothing there.' }),
  refused('GOOGLE_UNAVAILABLE', PROJECT, { code: 501, message: 'Not at the moment.' }),
  refused('GOOGLE_REFUSED', PROJECT, { code: 400, message: 'Not so.' }),
  refused('BUCKET_NOT_VISIBLE', 'storage.buckets.get', { code: 403, message: 'Denied.', reason: 'forbidden' }, [
    'init',
    '--yes',
    '--dry-run',
  ]),
];
