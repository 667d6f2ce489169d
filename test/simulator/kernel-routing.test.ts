import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '../../src/local/simulator/service.ts';
import { GoogleError } from '../../src/local/simulator/service.ts';
import type { TestSimulator } from '../support/simulator.ts';
import { startTestSimulator } from '../support/simulator.ts';
import { testService } from './kernel-service.ts';

const SECRETS = 'https://secretmanager.googleapis.com/v1/projects/mlflow-local/secrets';

/** Says which method was found. */
function echo(api: string, versions: string[], ids: string[]): Service {
  return {
    api,
    versions,
    methods: Object.fromEntries(
      ids.map((id) => [id, (call) => ({ name: `${call.version} ${id}`, description: JSON.stringify(call.params) })]),
    ),
  };
}
const run = echo(
  'run',
  ['v1', 'v2'],
  ['run.projects.locations.services.get', 'run.namespaces.services.get', 'run.projects.locations.services.list'],
);
const sql = echo('sqladmin', ['v1', 'v1beta4'], ['sql.instances.get', 'sql.instances.list']);
const storage = echo('storage', ['v1'], ['storage.objects.get', 'storage.buckets.insert', 'storage.buckets.get']);
const compute = echo('compute', ['v1'], ['compute.backendServices.get']);
const projects: Service = {
  ...echo('cloudresourcemanager', ['v1', 'v3'], ['cloudresourcemanager.projects.get']),
  findProject: (sim, name) =>
    name === 'other' || name === '12'
      ? { projectId: 'other', projectNumber: '12' }
      : name === sim.project.projectId
        ? sim.project
        : undefined,
  isEnabled: (sim, projectId, service) => projectId === sim.project.projectId || service === 'run.googleapis.com',
};

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startTestSimulator({ services: [testService, run, sql, storage, compute, projects] });
});
afterAll(async () => {
  // What the echoes say is made up.
  sim.misshapen.clear();
  await sim.remove();
});

describe('finding the method', () => {
  test.each([
    ['https://run.googleapis.com/v2/projects/mlflow-local/locations/r/services/s', 'v2 run.projects.locations.services.get'],
    ['https://run.googleapis.com/v1/projects/mlflow-local/locations/r/services/s', 'v1 run.projects.locations.services.get'],
    [
      'https://us-central1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/mlflow-local/services/s',
      'v1 run.namespaces.services.get',
    ],
    ['https://run.mtls.googleapis.com/v2/projects/mlflow-local/locations/r/services/s', 'v2 run.projects.locations.services.get'],
    ['https://RUN.googleapis.com:443/v2/projects/mlflow-local/locations/r/services', 'v2 run.projects.locations.services.list'],
    ['https://sqladmin.googleapis.com/v1/projects/mlflow-local/instances/i', 'v1 sql.instances.get'],
    ['https://sqladmin.googleapis.com/sql/v1/projects/mlflow-local/instances', 'v1 sql.instances.list'],
    ['https://sqladmin.googleapis.com/sql/v1beta4/projects/mlflow-local/instances/i', 'v1beta4 sql.instances.get'],
    ['https://www.googleapis.com/storage/v1/b/bucket/o/a%2Fb', 'v1 storage.objects.get'],
    ['https://storage.europe-west1.rep.googleapis.com/storage/v1/b/bucket', 'v1 storage.buckets.get'],
    [
      'https://compute.googleapis.com/compute/v1/projects/mlflow-local/global/backendServices/b',
      'v1 compute.backendServices.get',
    ],
  ])('%s', async (url, name) => {
    const answer = await sim.call('GET', url);
    expect(answer.body).toMatchObject({ name });
    expect(answer.status).toBe(200);
  });

  test('decodes path parameters, slashes included', async () => {
    const { body } = await sim.call('GET', 'https://storage.googleapis.com/storage/v1/b/bucket/o/a%2Fb%20c%3F');
    expect(JSON.parse(body.description)).toEqual({ bucket: 'bucket', object: 'a/b c?' });
  });

  test('takes a verb before a name with a colon, plain or encoded', async () => {
    for (const colon of [':', '%3A', '%3a']) {
      const answer = await sim.call('GET', `${SECRETS}/x${colon}getIamPolicy?options.requestedPolicyVersion=3`);
      expect(answer.body).toEqual({ version: 3 });
    }
  });

  test.each([
    ['GET', 'https://secretmanager.googleapis.com/v1/nothing'],
    ['GET', 'https://secretmanager.googleapis.com/v2/projects/p/secrets'],
    ['PUT', SECRETS],
    ['GET', 'https://secretmanager.googleapis.com/'],
    ['GET', 'https://www.googleapis.com/nothing/v1'],
    // In the document, but nobody answers it.
    ['POST', `${SECRETS}/x:testIamPermissions`],
    ['GET', 'https://dns.googleapis.com/dns/v1/projects/mlflow-local/managedZones'],
  ])('answers 404 in Google’s form: %s %s', async (method, url) => {
    const answer = await sim.call(method, url);
    expect(answer.status).toBe(404);
    expect(answer.body.error).toMatchObject({ code: 404, message: 'Method not found.' });
  });

  test('refuses a host where nothing is simulated, without forwarding', async () => {
    for (const url of [
      'https://example.com/',
      'https://evil.googleapis.com.example.com/',
      'https://bigquery.googleapis.com/',
      'http://169.254.169.254/',
    ]) {
      expect((await sim.call('GET', url)).status).toBe(421);
    }
  });
});

describe('who asks', () => {
  test('no credential is 401 with the reason', async () => {
    const answer = await sim.call('GET', `${SECRETS}/x`, undefined, { token: null });
    expect(answer.status).toBe(401);
    expect(answer.body.error).toMatchObject({
      status: 'UNAUTHENTICATED',
      details: [{ reason: 'CREDENTIALS_MISSING', domain: 'googleapis.com' }],
    });
  });

  test('an older API says it in its own form', async () => {
    const answer = await sim.call('GET', 'https://storage.googleapis.com/storage/v1/b/x', undefined, { token: null });
    expect(answer.status).toBe(401);
    expect(answer.body.error.errors).toMatchObject([
      { domain: 'global', reason: 'required', locationType: 'header', location: 'Authorization' },
    ]);
  });

  test('an empty bearer is none', async () => {
    expect(
      (await sim.call('GET', `${SECRETS}/x`, undefined, { token: null, headers: { authorization: 'Bearer ' } })).status,
    ).toBe(401);
  });

  test('any token stands for the user, an issued one for its account, over a restart too', async () => {
    const url = 'https://secretmanager.googleapis.com/v1/projects/mlflow-local/locations/here';
    expect((await sim.call('GET', url)).body.displayName).toBe('user@example.com');
    const token = sim.sim.tokens.issue('robot@mlflow-local.iam.gserviceaccount.com', { scopes: ['email'] });
    expect((await sim.call('GET', url, undefined, { token })).body.displayName).toBe(
      'robot@mlflow-local.iam.gserviceaccount.com',
    );
    await sim.restart();
    expect((await sim.call('GET', url, undefined, { token })).body.displayName).toBe(
      'robot@mlflow-local.iam.gserviceaccount.com',
    );
    expect(sim.sim.tokens.describe(token)).toMatchObject({ scopes: ['email'], issued: true });
    const [head, content, signature] = token.split(/\.(?=[^.]*\.[^.]*$)|\.(?=[^.]*$)/);
    const forged = `${head}.${Buffer.from('{"email":"boss@example.com","scopes":[]}').toString('base64url')}.${signature}`;
    expect(content).toBeTruthy();
    expect((await sim.call('GET', url, undefined, { token: forged })).body.displayName).toBe('user@example.com');
  });
});

test('what Google lets anybody call needs no credential', async () => {
  const sts: Service = {
    api: 'sts',
    versions: ['v1'],
    anonymous: ['sts.token'],
    methods: { 'sts.token': ({ principal, body }) => ({ access_token: `${principal}|${body['grantType']}` }) },
    routes: [
      {
        httpMethod: 'PUT',
        host: /^127\.0\.0\.1$/,
        path: /^\/_simulator\/sts$/,
        authenticated: false,
        handle: ({ response }) => void response.end('set'),
      },
    ],
  };
  const open = await startTestSimulator({ services: [sts] });
  const answer = await open.call('POST', 'https://sts.googleapis.com/v1/token', { grantType: 'g' }, { token: null });
  expect(answer.body).toEqual({ access_token: '|g' });
  expect((await open.control('PUT', '/_simulator/sts')).bytes.toString()).toBe('set');
  expect((await open.control('GET', '/_simulator/sts')).status).toBe(404);
  expect((await open.control('GET', '/_simulator/faults')).status).toBe(200);
  await open.remove();
});

describe('service enablement', () => {
  test('a service that is not enabled is 403 with everything that clients read', async () => {
    const answer = await sim.call('GET', 'https://secretmanager.googleapis.com/v1/projects/other/secrets/x');
    expect(answer.status).toBe(403);
    const { error } = answer.body;
    expect(error.status).toBe('PERMISSION_DENIED');
    expect(error.message).toMatch(
      /^Secret Manager API has not been used in project 12 before or it is disabled\. Enable it by visiting https:/,
    );
    expect(error.details.map((detail: { '@type': string }) => detail['@type'].replace(/^.*\./, ''))).toEqual([
      'ErrorInfo',
      'LocalizedMessage',
      'Help',
    ]);
    expect(error.details[0]).toMatchObject({
      reason: 'SERVICE_DISABLED',
      metadata: {
        service: 'secretmanager.googleapis.com',
        consumer: 'projects/12',
        activationUrl: expect.stringContaining('project=12'),
      },
    });
  });

  test('an older API says accessNotConfigured', async () => {
    const answer = await sim.call('GET', 'https://compute.googleapis.com/compute/v1/projects/other/global/backendServices/b');
    expect(answer.status).toBe(403);
    expect(answer.body.error).toMatchObject({
      status: 'PERMISSION_DENIED',
      errors: [{ domain: 'usageLimits', reason: 'accessNotConfigured' }],
    });
  });

  test('an enabled one answers, by id, number and namespace', async () => {
    for (const project of ['other', '12']) {
      expect((await sim.call('GET', `https://run.googleapis.com/v2/projects/${project}/locations/r/services/s`)).status).toBe(
        200,
      );
    }
    expect(
      (await sim.call('GET', 'https://run.googleapis.com/apis/serving.knative.dev/v1/namespaces/12/services/s')).status,
    ).toBe(200);
  });

  test('a quota project is charged, so the service must be enabled there', async () => {
    const url = 'https://cloudresourcemanager.googleapis.com/v1/projects/mlflow-local';
    expect((await sim.call('GET', url)).status).toBe(200);
    const answer = await sim.call('GET', url, undefined, { headers: { 'x-goog-user-project': 'other' } });
    expect(answer.status).toBe(403);
    expect(answer.body.error.details[0]).toMatchObject({ reason: 'SERVICE_DISABLED', metadata: { consumer: 'projects/12' } });
  });

  test('a project that is not there is 403', async () => {
    const answer = await sim.call('GET', 'https://run.googleapis.com/v2/projects/nobodys/locations/r/services/s');
    expect(answer.status).toBe(403);
    expect(answer.body.error.status).toBe('PERMISSION_DENIED');
  });
});

describe('raw routes', () => {
  const routes: Service = {
    api: 'storage',
    versions: [],
    methods: {},
    routes: [
      {
        httpMethod: 'GET',
        host: /^storage\.googleapis\.com$/,
        path: /^\/media\/(?<name>.*)$/,
        when: (url) => url.searchParams.get('alt') === 'media',
        handle: ({ response, groups }) => void response.end(groups['name']),
      },
      {
        httpMethod: ['GET', 'HEAD'],
        host: /^127\.0\.0\.1$/,
        path: /^\/open$/,
        authenticated: false,
        handle: ({ response, principal }) => void response.end(`open to ${principal || 'all'}`),
      },
      {
        httpMethod: 'POST',
        host: /^storage\.googleapis\.com$/,
        path: /^\/write$/,
        handle: async ({ response, body }, { store }) => {
          let bytes = 0;
          for await (const chunk of body) bytes += (chunk as Buffer).length;
          store.put('test.raw', 'a', { bytes });
          response.end(String(bytes));
        },
      },
      {
        httpMethod: 'POST',
        host: /^storage\.googleapis\.com$/,
        path: /^\/refuse$/,
        handle: (_request, { store }) => {
          store.put('test.raw', 'b', {});
          throw new GoogleError({ code: 412, message: 'no', reason: 'conditionNotMet' });
        },
      },
    ],
  };

  test('come before methods, look at the query, may be open to all, and write or refuse as a whole', async () => {
    const raw = await startTestSimulator({ services: [routes, storage] });
    const base = 'https://storage.googleapis.com';
    expect((await raw.call('GET', `${base}/media/a%2F..%2Fb?alt=media`)).bytes.toString()).toBe('a%2F..%2Fb');
    expect((await raw.call('GET', `${base}/media/a`)).status).toBe(404);
    expect((await raw.call('GET', `${base}/media/a?alt=media`, undefined, { token: null })).status).toBe(401);
    expect((await raw.call('GET', 'http://127.0.0.1/open', undefined, { token: null })).bytes.toString()).toBe('open to all');
    const basic = `Basic ${Buffer.from('oauth2accesstoken:abc').toString('base64')}`;
    expect(
      (
        await raw.call('GET', 'http://127.0.0.1/open', undefined, { token: null, headers: { authorization: basic } })
      ).bytes.toString(),
    ).toBe('open to user@example.com');
    expect((await raw.call('POST', `${base}/write`, Buffer.alloc(3_000_000))).bytes.toString()).toBe('3000000');
    expect(raw.sim.store.get('test.raw', 'a')).toEqual({ bytes: 3_000_000 });
    const refused = await raw.call('POST', `${base}/refuse`, 'x');
    expect([refused.status, refused.body.error.errors[0].reason]).toEqual([412, 'conditionNotMet']);
    expect(raw.sim.store.get('test.raw', 'b')).toBeUndefined();
    await raw.remove();
  });
});
