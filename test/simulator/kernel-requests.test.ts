import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '../../src/local/simulator/service.ts';
import type { TestSimulator } from '../support/simulator.ts';
import { startTestSimulator } from '../support/simulator.ts';
import { testService } from './kernel-service.ts';

const SECRETS = 'https://secretmanager.googleapis.com/v1/projects/mlflow-local/secrets';
const RUN = 'https://run.googleapis.com/v2/projects/mlflow-local/locations/r/services';
const BUCKETS = 'https://storage.googleapis.com/storage/v1/b';

const run: Service = {
  api: 'run',
  versions: ['v2'],
  methods: {
    'run.projects.locations.services.create': ({ body }) => ({
      done: true,
      response: { ...body, '@type': 'type.googleapis.com/google.cloud.run.v2.Service' },
    }),
    'run.projects.locations.services.patch': ({ body }) => ({ name: JSON.stringify(body) }),
    'run.projects.locations.services.get': () => ({
      name: 'n',
      launchStage: 'BETA',
      ingress: 'INGRESS_TRAFFIC_ALL',
      etag: undefined,
      annotations: { launchStage: 'BETA' },
    }),
  },
};
const storage: Service = {
  api: 'storage',
  versions: ['v1'],
  methods: {
    'storage.buckets.insert': ({ body, params }) => ({ name: JSON.stringify({ body, params }) }),
    'storage.buckets.list': () => ({
      items: Array.from({ length: 60 }, (_, n) => ({ name: `bucket-${n}`, location: 'US', labels: { a: '1', b: '2' } })),
      kind: 'storage#buckets',
    }),
    'storage.buckets.patch': ({ body }) => ({ name: JSON.stringify(body) }),
  },
};

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startTestSimulator({ services: [testService, run, storage] });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

const violations = (answer: { body: { error: { details: [{ fieldViolations: unknown[] }] } } }) =>
  answer.body.error.details[0].fieldViolations;

describe('parameters', () => {
  test('an unknown one is refused in Google’s words', async () => {
    const answer = await sim.call('GET', `${SECRETS}?nonsense=1`);
    expect(answer.status).toBe(400);
    const description =
      'Invalid JSON payload received. Unknown name "nonsense": Cannot bind query parameter. Field \'nonsense\' could not be found in request message.';
    expect(answer.body.error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT', message: description });
    expect(violations(answer)).toEqual([{ description }]);
  });

  test('system parameters and the quirks of Google’s libraries are taken', async () => {
    for (const query of [
      '?',
      '?alt=json',
      '?$alt=json;enum-encoding=int',
      '?%24alt=json%3Benum-encoding%3Dint',
      '?key=k&prettyPrint=false&quotaUser=q&$.xgafv=1&uploadType=x&upload_protocol=raw',
    ]) {
      expect((await sim.call('GET', `${SECRETS}${query}`)).status).toBe(200);
    }
  });

  test('are typed, and known by their proto names too', async () => {
    expect((await sim.call('GET', `${SECRETS}?pageSize=7`)).body.totalSize).toBe(7);
    expect((await sim.call('GET', `${SECRETS}?page_size=8`)).body.totalSize).toBe(8);
    const answer = await sim.call('GET', `${SECRETS}?pageSize=many`);
    expect(answer.body.error.message).toBe('Invalid value at \'page_size\' (TYPE_INT32), "many"');
    expect((await sim.call('GET', `${SECRETS}?pageSize=4294967296`)).status).toBe(400);
  });

  test('a GET too long for a URL comes as a POST that says so', async () => {
    const headers = { 'x-http-method-override': 'GET', 'content-type': 'application/x-www-form-urlencoded' };
    expect((await sim.call('POST', `${SECRETS}?alt=json`, 'pageSize=9', { headers })).body.totalSize).toBe(9);
    expect(
      (await sim.call('POST', `${SECRETS}?secretId=a`, {}, { headers: { 'x-http-method-override': 'DELETE' } })).status,
    ).toBe(404);
  });

  test('Cloud Storage overlooks unknown ones, wants required ones and knows its enums', async () => {
    const missing = await sim.call('POST', BUCKETS, { name: 'b' });
    expect(missing.body.error).toEqual({
      code: 400,
      message: 'Required parameter: project',
      errors: [
        {
          message: 'Required parameter: project',
          domain: 'global',
          reason: 'required',
          locationType: 'parameter',
          location: 'project',
        },
      ],
    });
    const wrong = await sim.call('POST', `${BUCKETS}?project=mlflow-local&projection=some`, { name: 'b' });
    expect([wrong.status, wrong.body.error.errors[0].reason]).toEqual([400, 'invalidParameter']);
    const fine = await sim.call('POST', `${BUCKETS}?project=mlflow-local&projection=full&nonsense=1&enableObjectRetention=True`, {
      name: 'b',
    });
    expect(JSON.parse(fine.body.name).params).toEqual({
      project: 'mlflow-local',
      projection: 'full',
      enableObjectRetention: true,
    });
  });
});

describe('bodies', () => {
  test('unknown fields are refused with their places, all of them at once', async () => {
    const answer = await sim.call('POST', `${SECRETS}?secretId=a`, { replication: { automatic: { foo: 1 } }, bar: {} });
    expect(answer.status).toBe(400);
    expect(violations(answer)).toEqual([
      {
        field: 'secret.replication.automatic',
        description: 'Invalid JSON payload received. Unknown name "foo" at \'secret.replication.automatic\': Cannot find field.',
      },
      { field: 'secret', description: 'Invalid JSON payload received. Unknown name "bar" at \'secret\': Cannot find field.' },
    ]);
    expect(answer.body.error.message.split('\n')).toHaveLength(2);
  });

  test('in a request of its own, the root has no name; what the path says may be repeated', async () => {
    const answer = await sim.call('POST', `${SECRETS}/x:setIamPolicy`, { policy: {}, foo: 1 });
    expect(answer.body.error.message).toBe('Invalid JSON payload received. Unknown name "foo": Cannot find field.');
    expect((await sim.call('POST', `${SECRETS}/x:setIamPolicy`, { resource: 'x', policy: { version: 3 } })).body).toEqual({
      version: 3,
    });
  });

  test.each([
    [{ ttl: 5 }, "Invalid value at 'secret.ttl' (type.googleapis.com/google.protobuf.Duration), 5"],
    [{ ttl: 'soon' }, 'Invalid value at \'secret.ttl\' (type.googleapis.com/google.protobuf.Duration), "soon"'],
    [
      { expireTime: 'tomorrow' },
      'Invalid value at \'secret.expire_time\' (type.googleapis.com/google.protobuf.Timestamp), "tomorrow"',
    ],
    [{ labels: [] }, "Invalid value at 'secret.labels' "],
    [{ labels: { a: 1 } }, "Invalid value at 'secret.labels[a]' (TYPE_STRING), 1"],
    [{ topics: 'a' }, "Invalid value at 'secret.topics' "],
    [{ topics: ['a'] }, "Invalid value at 'secret.topics[0]' "],
    [{ replication: 'automatic' }, "Invalid value at 'secret.replication' "],
    [{ versionAliases: { a: 'x' } }, 'Invalid value at \'secret.version_aliases[a]\' (TYPE_INT64), "x"'],
  ])('another type: %j', async (body, message) => {
    const answer = await sim.call('POST', `${SECRETS}?secretId=a`, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toContain(message);
  });

  test('a value outside an enum is refused; its number is taken', async () => {
    const answer = await sim.call('PATCH', `${RUN}/s`, { launchStage: 'SOMEDAY' });
    expect(answer.body.error.message).toContain("Invalid value at 'service.launch_stage' (");
    // GA is 4 in the proto, whatever its place in the list is.
    expect(JSON.parse((await sim.call('PATCH', `${RUN}/s`, { launchStage: 4, ingress: 1 })).body.name)).toEqual({
      launchStage: 'GA',
      ingress: 'INGRESS_TRAFFIC_ALL',
    });
  });

  test('are put into one form: proto names, numbers as text and the other way round, nulls and output-only fields gone', async () => {
    const sent = {
      template: { max_instance_request_concurrency: '80', scaling: { minInstanceCount: 1 }, containers: null },
      uid: 'mine',
      etag: 'e',
      generation: '7',
      defaultUriDisabled: true,
    };
    expect(JSON.parse((await sim.call('PATCH', `${RUN}/s`, sent)).body.name)).toEqual({
      template: { maxInstanceRequestConcurrency: 80, scaling: { minInstanceCount: 1 } },
      etag: 'e',
      defaultUriDisabled: true,
    });
  });

  test('Cloud Storage overlooks unknown fields and keeps nulls, which clear', async () => {
    const answer = await sim.call('PATCH', `${BUCKETS}/b`, { labels: { a: null }, lifecycle: null, nonsense: 1 });
    expect(JSON.parse(answer.body.name)).toEqual({ labels: { a: null }, lifecycle: null });
  });

  test('odd names are names like any other', async () => {
    const answer = await sim.call(
      'POST',
      `${SECRETS}?secretId=a`,
      '{"__proto__":{"x":1},"constructor":2,"labels":{"__proto__":"v"}}',
    );
    expect(violations(answer).map((violation) => (violation as { field: string }).field)).toEqual(['secret', 'secret']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test.each([
    ['{"a":', 'Invalid JSON payload received.'],
    ['nonsense', 'Invalid JSON payload received. Unexpected token.\nnonsense\n^'],
    ['[1]', 'Root element must be a message.'],
    ['"text"', 'Root element must be a message.'],
  ])('what is no JSON object: %s', async (text, message) => {
    const answer = await sim.call('POST', `${SECRETS}?secretId=a`, text);
    expect(answer.status).toBe(400);
    expect(answer.body.error.status).toBe('INVALID_ARGUMENT');
    expect(answer.body.error.message).toContain(message);
  });

  test('a form instead of JSON is taken for parameters, as by Google', async () => {
    const answer = await sim.call('POST', `${SECRETS}?secretId=a`, '{"replication":{}}', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toContain('Cannot bind query parameter.');
  });

  test('Cloud Storage says Parse Error', async () => {
    const answer = await sim.call('POST', `${BUCKETS}?project=mlflow-local`, '{');
    expect(answer.body.error).toEqual({
      code: 400,
      message: 'Parse Error',
      errors: [{ message: 'Parse Error', domain: 'global', reason: 'parseError' }],
    });
  });

  test('may come compressed', async () => {
    const sent = gzipSync(JSON.stringify({ launchStage: 'GA' }));
    const answer = await sim.call('PATCH', `${RUN}/s`, sent, { headers: { 'content-encoding': 'gzip' } });
    expect(answer.body.name).toBe('{"launchStage":"GA"}');
  });

  test('none at all is an empty one', async () => {
    expect((await sim.call('PATCH', `${RUN}/s`)).body.name).toBe('{}');
  });
});

describe('answers', () => {
  test('are laid out unless told otherwise', async () => {
    expect((await sim.call('GET', `${RUN}/s`)).bytes.toString()).toContain('{\n  "name": "n",');
    expect((await sim.call('GET', `${RUN}/s?prettyPrint=false`)).bytes.toString()).toContain('{"name":"n",');
    expect((await sim.call('GET', `${RUN}/s?$prettyPrint=0`)).bytes.toString()).toContain('{"name":"n",');
  });

  test('have enums as the protos’ numbers for who wants them, inside of operations too', async () => {
    const answer = await sim.call('GET', `${RUN}/s?$alt=json;enum-encoding=int`);
    expect(answer.body).toEqual({ name: 'n', launchStage: 3, ingress: 1, annotations: { launchStage: 'BETA' } });
    const made = await sim.call('POST', `${RUN}?$alt=json;enum-encoding=int&serviceId=s`, { launchStage: 5 });
    expect(made.body.response).toMatchObject({ launchStage: 5 });
    expect((await sim.call('POST', `${RUN}?serviceId=s`, { launchStage: 5 })).body.response).toMatchObject({
      launchStage: 'DEPRECATED',
    });
  });

  test.each([
    ['kind', { kind: 'storage#buckets' }],
    ['items/name,kind', { items: expect.arrayContaining([{ name: 'bucket-0' }]), kind: 'storage#buckets' }],
    ['items(name,labels/a)', { items: expect.arrayContaining([{ name: 'bucket-0', labels: { a: '1' } }]) }],
    ['*', { items: expect.anything(), kind: 'storage#buckets' }],
    ['items(*)', { items: expect.arrayContaining([{ name: 'bucket-0', location: 'US', labels: { a: '1', b: '2' } }]) }],
    ['nextPageToken', {}],
  ])('fields=%s', async (fields, body) => {
    const answer = await sim.call('GET', `${BUCKETS}?project=mlflow-local&fields=${encodeURIComponent(fields)}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(body);
  });

  test.each(['items(', 'items/', ',', 'a)b', 'items(name))', 'nonsense', 'items(nonsense)'])(
    'fields=%s is refused',
    async (fields) => {
      expect((await sim.call('GET', `${BUCKETS}?project=mlflow-local&fields=${encodeURIComponent(fields)}`)).status).toBe(400);
    },
  );

  test('are compressed for who takes it and where it pays', async () => {
    const answer = await sim.call('GET', `${BUCKETS}?project=mlflow-local`, undefined, {
      headers: { 'accept-encoding': 'gzip, deflate' },
    });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(answer.bytes).toString()).items).toHaveLength(60);
    const small = await sim.call('GET', `${RUN}/s`, undefined, { headers: { 'accept-encoding': 'gzip' } });
    expect(small.headers['content-encoding']).toBeUndefined();
  });
});

test('the tests’ own guard sees an answer that is not as its schema says', async () => {
  const secret = {
    name: 'n',
    createTime: 'today',
    etag: 5,
    labels: { a: 'b' },
    topics: [{ nome: 'x' }],
    versionAliases: { a: 1 },
  };
  const wrong = await startTestSimulator({
    services: [{ ...testService, methods: { 'secretmanager.projects.secrets.get': () => secret } }],
  });
  await wrong.call('GET', `${SECRETS}/x`);
  const method = 'v1 secretmanager.projects.secrets.get';
  await expect(wrong.remove()).rejects.toThrow(
    [
      'Answers that Google would not give:',
      `${method}: createTime is no string google-datetime: "today"`,
      `${method}: etag is no string: 5`,
      `${method}: topics[0].nome is not in the schema`,
      `${method}: versionAliases.a is no string int64: 1`,
    ].join('\n'),
  );
});
