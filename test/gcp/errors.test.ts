import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  isAborted,
  isAlreadyExists,
  isConflict,
  isNotFound,
  isOperationInProgress,
  isPermissionDenied,
  isPreconditionFailed,
  isServiceDisabled,
  isUnknownMember,
  operationError,
} from '../../src/gcp/errors.ts';
import { isTransient } from '../../src/gcp/retry.ts';
import { roleForHost, roleWith } from '../../src/gcp/roles.ts';
import type { Service } from '../../src/local/simulator/service.ts';
import { type Opened, openOnSimulator } from './open.ts';

let opened: Opened;
let answer: { status: number; body: unknown };
let asked = 0;

/** A Google API that answers what the test says. */
const refusing: Service = {
  api: 'refusing',
  versions: [],
  methods: {},
  routes: [
    {
      httpMethod: ['GET', 'POST'],
      host: /^(us-central1-run|sqladmin|storage|secretmanager|serviceusage)\.googleapis\.com$/,
      path: /^\/v1\//,
      handle({ response, body }) {
        asked += 1;
        body.resume();
        const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
        response.writeHead(answer.status, { 'content-type': text.startsWith('<') ? 'application/xml' : 'application/json' });
        response.end(text);
      },
    },
  ],
};
beforeAll(async () => {
  opened = await openOnSimulator({ simulator: { services: [refusing] } });
});
afterAll(() => opened.close());

/** The error that this answer becomes, and how often was asked. */
async function errorOf(status: number, body: unknown, options: { host?: string; path?: string; method?: 'GET' | 'POST' } = {}) {
  answer = { status, body };
  asked = 0;
  const { host = 'secretmanager.googleapis.com', path = '/v1/projects/my-project/secrets', method = 'POST' } = options;
  return opened.google.request({ method, url: `https://${host}${path}` }).then(
    () => {
      throw new Error('not refused');
    },
    (error: unknown) => error,
  );
}
const rpc = (code: number, status: string, message: string, details: unknown[] = []) => ({
  error: { code, status, message, details },
});
const info = (reason: string, metadata: Record<string, string> = {}) => ({
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason,
  domain: 'googleapis.com',
  metadata,
});
const precondition = (type: string, subject = '') => ({
  '@type': 'type.googleapis.com/google.rpc.PreconditionFailure',
  violations: [{ type, subject, description: 'd' }],
});
const older = (code: number, reason: string, message = 'm') => ({
  error: { code, message, errors: [{ domain: 'global', reason, message }] },
});

describe('what Google refuses, in words for people', () => {
  it.each([
    [
      'a permission that is named',
      403,
      rpc(403, 'PERMISSION_DENIED', 'denied', [
        info('IAM_PERMISSION_DENIED', { permission: 'secretmanager.secrets.create', resource: 'projects/my-project' }),
      ]),
      {
        code: 'PERMISSION_DENIED',
        exitStatus: 3,
        message: /secretmanager\.secrets\.create on projects\/my-project/,
        hint: /add-iam-policy-binding my-project .*--role=roles\/secretmanager\.admin/,
      },
    ],
    [
      'a permission that is not named',
      403,
      older(403, 'notAuthorized', 'The client is not authorized to make this request.'),
      { code: 'PERMISSION_DENIED', exitStatus: 3, message: /not authorized/, hint: /roles\/secretmanager\.admin/ },
    ],
    [
      'a service that is off',
      403,
      rpc(403, 'PERMISSION_DENIED', 'has not been used', [
        info('SERVICE_DISABLED', { service: 'secretmanager.googleapis.com', consumer: 'projects/1234567890' }),
      ]),
      {
        code: 'SERVICE_DISABLED',
        exitStatus: 1,
        hint: /^gcloud services enable secretmanager\.googleapis\.com --project=my-project$/,
      },
    ],
    [
      'a service that is off, told the older way',
      403,
      older(403, 'accessNotConfigured'),
      { code: 'SERVICE_DISABLED', exitStatus: 1, hint: /secretmanager\.googleapis\.com --project=my-project$/ },
    ],
    [
      'a service that is off in the project that is charged',
      403,
      rpc(403, 'PERMISSION_DENIED', 'requires a quota project', [
        info('SERVICE_DISABLED', { service: 'secretmanager.googleapis.com', consumer: 'projects/764086051850' }),
      ]),
      { code: 'NO_QUOTA_PROJECT', exitStatus: 1, hint: /set-quota-project my-project/ },
    ],
    [
      'billing',
      403,
      rpc(403, 'PERMISSION_DENIED', 'requires billing', [info('BILLING_DISABLED', { consumer: 'projects/my-project' })]),
      { code: 'BILLING_DISABLED', exitStatus: 1, hint: /gcloud billing projects link my-project/ },
    ],
    [
      'billing, when services are enabled',
      400,
      rpc(400, 'FAILED_PRECONDITION', 'Billing must be enabled', [precondition('serviceusage/billing-enabled', '12345')]),
      { code: 'BILLING_DISABLED', exitStatus: 1, hint: /billing/ },
    ],
    [
      'a policy of the organisation',
      400,
      rpc(400, 'FAILED_PRECONDITION', 'not allowed', [precondition('constraints/sql.restrictPublicIp', 'projects/my-project')]),
      {
        code: 'ORG_POLICY',
        exitStatus: 1,
        message: /constraints\/sql\.restrictPublicIp/,
        hint: /describe sql\.restrictPublicIp --effective/,
      },
    ],
    [
      'a custom policy of the organisation',
      403,
      rpc(403, 'PERMISSION_DENIED', 'denied', [
        info('CUSTOM_ORG_POLICY_VIOLATION', { customConstraints: 'customConstraints/custom.noRun' }),
      ]),
      { code: 'ORG_POLICY', exitStatus: 1, message: /custom\.noRun/, hint: /administrator/ },
    ],
    [
      'a project that is not there',
      403,
      rpc(403, 'PERMISSION_DENIED', 'denied', [info('CONSUMER_INVALID', { consumer: 'projects/typo' })]),
      { code: 'PROJECT_NOT_FOUND', exitStatus: 3, message: /typo/, hint: /gcloud projects list/ },
    ],
    [
      'a quota that is used up',
      429,
      rpc(429, 'RESOURCE_EXHAUSTED', 'exceeded', [info('RATE_LIMIT_EXCEEDED', { quota_metric: 'x.googleapis.com/writes' })]),
      { code: 'QUOTA_EXCEEDED', exitStatus: 1, message: /x\.googleapis\.com\/writes/, hint: /run the command again/ },
    ],
    [
      'a duplicate',
      409,
      rpc(409, 'ALREADY_EXISTS', 'there'),
      { code: 'ALREADY_EXISTS', exitStatus: 1, message: /there/, hint: /again/ },
    ],
    ['a conflict', 409, rpc(409, 'ABORTED', 'changed'), { code: 'CONFLICT', exitStatus: 1, message: /changed/, hint: /again/ }],
    ['a stale etag', 412, older(412, 'conditionNotMet'), { code: 'CONFLICT', exitStatus: 1, message: /m/, hint: /again/ }],
    [
      'a name of last week',
      409,
      older(409, 'instanceAlreadyExists'),
      { code: 'SQL_NAME_RESERVED', exitStatus: 1, hint: /another name/ },
    ],
    ['nothing there', 404, rpc(404, 'NOT_FOUND', 'gone'), { code: 'NOT_FOUND', exitStatus: 1, message: /gone/, hint: /status/ }],
    [
      'a wrong field',
      400,
      rpc(400, 'INVALID_ARGUMENT', 'bad', [
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: [{ field: 'settings.tier', description: 'no such tier' }],
        },
      ]),
      { code: 'GOOGLE_REFUSED', exitStatus: 1, message: /bad.*settings\.tier: no such tier/, hint: /--verbose/ },
    ],
    ['an answer in XML', 400, '<?xml version="1.0"?><Error/>', { code: 'GOOGLE_REFUSED', exitStatus: 1, message: /<Error/ }],
    ['an answer of no form', 501, '', { code: 'GOOGLE_UNAVAILABLE', exitStatus: 1, message: /501/ }],
    ['a list around the error', 404, [rpc(404, 'NOT_FOUND', 'gone')], { code: 'NOT_FOUND', exitStatus: 1, message: /gone/ }],
  ])('%s', async (_, status, body, expected) => {
    const error = await errorOf(status, body);
    const { message, hint, ...rest } = expected as { message?: RegExp; hint?: RegExp; code: string };
    expect(error).toMatchObject(rest);
    if (message) expect((error as Error).message).toMatch(message);
    if (hint) expect((error as { hint: string }).hint).toMatch(hint);
    expect((error as { hint: string }).hint).not.toMatch(/undefined/);
    expect((error as Error).message).not.toMatch(/undefined/);
  });

  it('asks a service again for some minutes after it was enabled, whatever the method', async () => {
    const body = rpc(403, 'PERMISSION_DENIED', 'off', [
      info('SERVICE_DISABLED', { service: 'run.googleapis.com', consumer: 'projects/my-project' }),
    ]);
    const options = { host: 'us-central1-run.googleapis.com' };
    expect(isServiceDisabled(await errorOf(403, body, options))).toBe(true);
    expect(asked).toBe(1);
    opened.google.noteEnabled(['run.googleapis.com']);
    answer = { status: 403, body };
    asked = 0;
    setTimeout(() => {
      answer = { status: 200, body: { ok: true } };
    }, 300);
    const { data } = await opened.google.request({
      method: 'POST',
      url: 'https://us-central1-run.googleapis.com/v1/projects/my-project/x',
    });
    expect(data).toEqual({ ok: true });
    expect(asked).toBeGreaterThan(2);
  });

  it('asks again for a 403 that is about rates', async () => {
    await errorOf(403, older(403, 'rateLimitExceeded'));
    expect(asked).toBe(6);
  });
});

describe('predicates', () => {
  const cases: Array<[string, (error: unknown) => boolean, Array<[number, unknown]>, Array<[number, unknown]>]> = [
    [
      'isNotFound',
      isNotFound,
      [
        [404, {}],
        [404, older(404, 'notFound')],
      ],
      [
        [403, {}],
        [410, {}],
      ],
    ],
    [
      'isAlreadyExists',
      isAlreadyExists,
      [
        [409, rpc(409, 'ALREADY_EXISTS', '')],
        [409, older(409, 'conflict')],
        [409, older(409, 'instanceAlreadyExists')],
      ],
      [
        [409, rpc(409, 'ABORTED', '')],
        [409, older(409, 'operationInProgress')],
        [409, older(409, 'invalidState')],
      ],
    ],
    ['isConflict', isConflict, [[409, {}]], [[412, {}]]],
    ['isAborted', isAborted, [[409, rpc(409, 'ABORTED', '')]], [[409, rpc(409, 'ALREADY_EXISTS', '')]]],
    ['isPreconditionFailed', isPreconditionFailed, [[412, {}]], [[409, {}]]],
    ['isOperationInProgress', isOperationInProgress, [[409, older(409, 'operationInProgress')]], [[409, older(409, 'conflict')]]],
    [
      'isPermissionDenied',
      isPermissionDenied,
      [
        [403, {}],
        [403, older(403, 'forbidden')],
        [403, rpc(403, 'PERMISSION_DENIED', '', [info('IAM_PERMISSION_DENIED', { permission: 'a.b.c' })])],
      ],
      [
        [404, {}],
        [403, rpc(403, 'PERMISSION_DENIED', '', [info('SERVICE_DISABLED')])],
        [403, rpc(403, 'PERMISSION_DENIED', '', [info('BILLING_DISABLED')])],
      ],
    ],
    [
      'isTransient',
      isTransient,
      [
        [503, {}],
        [429, {}],
        [408, {}],
        [403, older(403, 'rateLimitExceeded')],
      ],
      [
        [501, {}],
        [400, {}],
        [403, {}],
      ],
    ],
  ];
  it.each(cases)(
    '%s',
    async (_, predicate, yes, no) => {
      for (const [status, body] of yes)
        expect([status, body, predicate(await errorOf(status, body))]).toEqual([status, body, true]);
      for (const [status, body] of no)
        expect([status, body, predicate(await errorOf(status, body))]).toEqual([status, body, false]);
      expect(predicate(new Error('anything else'))).toBe(false);
      expect(predicate(undefined)).toBe(false);
    },
    60_000,
  );

  it('isPermissionDenied tells which permission', async () => {
    const error = await errorOf(403, rpc(403, 'PERMISSION_DENIED', '', [info('IAM_PERMISSION_DENIED', { permission: 'a.b.c' })]));
    expect(isPermissionDenied(error, 'a.b.c')).toBe(true);
    expect(isPermissionDenied(error, 'x.y.z')).toBe(false);
    expect(isPermissionDenied(await errorOf(403, older(403, 'notAuthorized')), 'x.y.z')).toBe(true);
  });

  it('isUnknownMember goes by the account that was named, not by words', async () => {
    const path = '/v1/projects/p:setIamPolicy';
    const members = ['serviceAccount:new@p.iam.gserviceaccount.com'];
    const unknown = await errorOf(400, rpc(400, 'INVALID_ARGUMENT', 'Le compte new@p.iam.gserviceaccount.com est inconnu.'), {
      path,
    });
    expect(isUnknownMember(unknown, members)).toBe(true);
    expect(
      isUnknownMember(await errorOf(400, rpc(400, 'INVALID_ARGUMENT', 'Role roles/x is not supported.'), { path }), members),
    ).toBe(false);
    expect(
      isUnknownMember(await errorOf(403, rpc(403, 'PERMISSION_DENIED', 'new@p.iam.gserviceaccount.com'), { path }), members),
    ).toBe(false);
  });
});

describe('the error in an operation', () => {
  it('is told as what was being done', () => {
    const error = operationError({
      what: 'creating Cloud SQL instance db',
      project: 'p',
      reason: 'INTERNAL_ERROR',
      message: 'oops',
    });
    expect(error).toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringContaining('creating Cloud SQL instance db: oops (INTERNAL_ERROR)'),
    });
  });
  it('keeps the remedy of what it is', () => {
    const details = [info('IAM_PERMISSION_DENIED', { permission: 'run.services.create', resource: 'r' })];
    expect(operationError({ what: 'x', project: 'p', code: 7, message: 'm', details })).toMatchObject({
      code: 'PERMISSION_DENIED',
      exitStatus: 3,
      hint: expect.stringContaining('roles/run.admin'),
    });
    expect(isNotFound(operationError({ what: 'x', code: 5, message: 'm' }))).toBe(true);
  });
});

describe('roles', () => {
  it.each([
    ['iam.serviceAccounts.actAs', 'roles/iam.serviceAccountUser'],
    ['iam.serviceAccounts.create', 'roles/iam.serviceAccountAdmin'],
    ['compute.securityPolicies.create', 'roles/compute.securityAdmin'],
    ['compute.urlMaps.create', 'roles/compute.loadBalancerAdmin'],
    ['run.services.setIamPolicy', 'roles/run.admin'],
    ['nothing.of.ours', undefined],
  ])('%s is in %s', (permission, role) => expect(roleWith(permission)).toBe(role));

  it.each([
    ['europe-west1-run.googleapis.com', 'roles/run.admin'],
    ['northamerica-northeast1-run.googleapis.com', 'roles/run.admin'],
    ['sqladmin.googleapis.com', 'roles/cloudsql.admin'],
    ['example.com', undefined],
  ])('%s wants %s', (host, role) => expect(roleForHost(host)).toBe(role));
});
