import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestSimulator, type TestSimulator } from '../../support/simulator.ts';

const HOST = 'https://us-central1-docker.pkg.dev';
let sim: TestSimulator;
let parent: string;
beforeAll(async () => {
  sim = await startTestSimulator();
  await sim.call(
    'POST',
    `https://serviceusage.googleapis.com/v1/projects/${sim.project.projectId}/services/artifactregistry.googleapis.com:enable`,
    {},
  );
  parent = `https://artifactregistry.googleapis.com/v1/projects/${sim.project.projectId}/locations/us-central1`;
  await sim.until(`${parent}/repositories`, (body) => body.error === undefined);
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
async function create(id: string, body: object = { format: 'DOCKER' }) {
  const answer = await sim.call('POST', `${parent}/repositories?repositoryId=${id}`, body);
  if (answer.status !== 200) return answer;
  return sim.until(`https://artifactregistry.googleapis.com/v1/${answer.body.name}`, (operation) => operation.done);
}

test('a repository is made by an operation, shown with what Google adds, changed by mask and deleted', async () => {
  expect((await sim.call('GET', `${parent}/repositories/first`)).body.error).toEqual({
    code: 404,
    message: 'Requested entity was not found.',
    status: 'NOT_FOUND',
  });
  const { body } = await create('first', { format: 'DOCKER', labels: { a: 'b' }, description: 'one' });
  expect(body.name).toMatch(/^projects\/[^/]+\/locations\/us-central1\/operations\//);
  expect(body.metadata['@type']).toBe('type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata');
  expect(body.response).toMatchObject({
    '@type': 'type.googleapis.com/google.devtools.artifactregistry.v1.Repository',
    mode: 'STANDARD_REPOSITORY',
    format: 'DOCKER',
  });
  const got = (await sim.call('GET', `${parent}/repositories/first`)).body;
  expect(got).toMatchObject({
    registryUri: `us-central1-docker.pkg.dev/${sim.project.projectId}/first`,
    vulnerabilityScanningConfig: { enablementState: 'SCANNING_DISABLED' },
  });
  expect((await create('first')).body.error).toMatchObject({
    code: 409,
    status: 'ALREADY_EXISTS',
    message: 'the repository already exists',
  });
  const patched = await sim.call('PATCH', `${parent}/repositories/first?updateMask=description`, {
    description: 'two',
    labels: { c: 'd' },
  });
  expect(patched.body).toMatchObject({ description: 'two', labels: { a: 'b' } });
  expect((await sim.call('PATCH', `${parent}/repositories/first?updateMask=format`, { format: 'NPM' })).status).toBe(400);
  const deletion = await sim.call('DELETE', `${parent}/repositories/first`);
  await sim.until(
    `https://artifactregistry.googleapis.com/v1/${deletion.body.name}`,
    (operation) => operation.done && !operation.error,
  );
  expect((await sim.call('GET', `${parent}/repositories/first`)).status).toBe(404);
});

test('bad ids, formats and places are refused', async () => {
  expect((await create('Bad_Id')).status).toBe(400);
  expect((await create('no-format', {})).status).toBe(400);
  const nowhere = parent.replace('us-central1', 'mars-1');
  expect((await sim.call('POST', `${nowhere}/repositories?repositoryId=x`, { format: 'DOCKER' })).body.error).toMatchObject({
    code: 403,
    message: 'Location mars-1 is not found or access is unauthorized.',
  });
});

test('policies of repositories', async () => {
  await create('policies');
  expect((await sim.call('GET', `${parent}/repositories/policies:getIamPolicy`)).body).toEqual({ etag: 'ACAB' });
  const bindings = [{ role: 'roles/artifactregistry.reader', members: ['user:a@example.com'] }];
  expect((await sim.call('POST', `${parent}/repositories/policies:setIamPolicy`, { policy: { bindings } })).body).toMatchObject({
    version: 1,
    bindings,
  });
});

const sha = (text: string | Buffer) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

test('the registry asks for a token, takes a push and gives it back by tag and digest', async () => {
  await create('images');
  const base = `${HOST}/v2/${sim.project.projectId}/images/app/web`;
  const open = await sim.call('GET', `${HOST}/v2/`, undefined, { token: null });
  expect([open.status, open.headers['www-authenticate']]).toEqual([
    401,
    'Bearer realm="https://us-central1-docker.pkg.dev/v2/token",service="us-central1-docker.pkg.dev"',
  ]);
  const basic = `Basic ${Buffer.from('oauth2accesstoken:abc').toString('base64')}`;
  const { token } = (
    await sim.call('GET', `${HOST}/v2/token?service=us-central1-docker.pkg.dev&scope=repository:x:pull`, undefined, {
      token: null,
      headers: { authorization: basic },
    })
  ).body;
  const as = { token };

  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
  const started = await sim.call('POST', `${base}/blobs/uploads/`, '', as);
  expect(started.status).toBe(202);
  const upload = `${HOST}${started.headers.location}`;
  expect((await sim.call('PATCH', upload, config.slice(0, 10), as)).headers.range).toBe('0-9');
  expect((await sim.call('PUT', `${upload}?digest=${sha('other')}`, config.slice(10), as)).body.errors[0].code).toBe(
    'DIGEST_INVALID',
  );
  const second = await sim.call('POST', `${base}/blobs/uploads/?digest=${sha(config)}`, config, as);
  expect([second.status, second.headers['docker-content-digest']]).toEqual([201, sha(config)]);

  const manifest = (digest: string) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: { mediaType: 'application/vnd.docker.container.image.v1+json', size: config.length, digest },
      layers: [],
    });
  expect((await sim.call('PUT', `${base}/manifests/v1`, manifest(sha('gone')), as)).body.errors[0].code).toBe(
    'MANIFEST_BLOB_UNKNOWN',
  );
  const text = manifest(sha(config));
  const pushed = await sim.call('PUT', `${base}/manifests/v1`, text, as);
  expect([pushed.status, pushed.headers['docker-content-digest']]).toEqual([201, sha(text)]);
  for (const reference of ['v1', sha(text)]) {
    const pulled = await sim.call('GET', `${base}/manifests/${reference}`, undefined, as);
    expect([pulled.status, pulled.bytes.toString(), pulled.headers['content-type']]).toEqual([
      200,
      text,
      'application/vnd.docker.distribution.manifest.v2+json',
    ]);
  }
  expect((await sim.call('HEAD', `${base}/manifests/v1`, undefined, as)).headers['docker-content-digest']).toBe(sha(text));
  expect((await sim.call('GET', `${base}/blobs/${sha(config)}`, undefined, as)).bytes.toString()).toBe(config);
  expect((await sim.call('GET', `${base}/tags/list`, undefined, as)).body.tags).toEqual(['v1']);

  const images = (await sim.call('GET', `${parent}/repositories/images/dockerImages`)).body.dockerImages;
  expect(images).toHaveLength(1);
  expect(images[0]).toMatchObject({
    uri: `us-central1-docker.pkg.dev/${sim.project.projectId}/images/app/web@${sha(text)}`,
    tags: ['v1'],
  });
  const packages = (await sim.call('GET', `${parent}/repositories/images/packages`)).body.packages;
  expect(packages[0].name).toMatch(/\/packages\/app%2Fweb$/);
  const tags = (
    await sim.call('GET', `https://artifactregistry.googleapis.com/v1/${packages[0].name.replace('%2F', '%252F')}/tags`)
  ).body;
  expect(tags.tags[0]).toMatchObject({ version: `${packages[0].name}/versions/${sha(text)}` });
});

test('the bytes of a blob go with the last repository that has it', async () => {
  const text = 'a blob of two repositories';
  const blob = (repository: string) => `${HOST}/v2/${sim.project.projectId}/${repository}/app/blobs`;
  const file = join(sim.dataDir, 'files', 'registry-blobs', sha(text).replace('sha256:', ''));
  for (const id of ['has-one', 'has-two']) {
    await create(id);
    expect((await sim.call('POST', `${blob(id)}/uploads/?digest=${sha(text)}`, text)).status).toBe(201);
  }
  const remove = async (id: string) => {
    const { name } = (await sim.call('DELETE', `${parent}/repositories/${id}`)).body;
    await sim.until(`https://artifactregistry.googleapis.com/v1/${name}`, (operation) => operation.done);
  };
  await remove('has-one');
  expect((await sim.call('GET', `${blob('has-two')}/${sha(text)}`)).bytes.toString()).toBe(text);
  await create('has-one');
  expect((await sim.call('GET', `${blob('has-one')}/${sha(text)}`)).status).toBe(404);
  await remove('has-two');
  expect(existsSync(file)).toBe(false);
});

test('the registry needs its service enabled', async () => {
  const other = await startTestSimulator();
  const refused = await other.call('GET', `${HOST}/v2/${other.project.projectId}/repo/app/manifests/v1`);
  expect([refused.status, refused.body.errors[0]]).toEqual([
    403,
    { code: 'DENIED', message: expect.stringContaining('Artifact Registry API has not been used in project') },
  ]);
  await other.remove();
});

test('what is not there says so in the registry’s form', async () => {
  await create('empty-repo');
  const missing = await sim.call('GET', `${HOST}/v2/${sim.project.projectId}/empty-repo/app/manifests/v9`);
  expect([missing.status, missing.body.errors[0].code]).toEqual([404, 'MANIFEST_UNKNOWN']);
  const nowhere = await sim.call('GET', `${HOST}/v2/${sim.project.projectId}/no-repo/app/manifests/v9`);
  expect([nowhere.status, nowhere.body.errors[0]]).toEqual([
    404,
    { code: 'NAME_UNKNOWN', message: 'Repository "no-repo" not found' },
  ]);
  const anonymous = (await sim.call('GET', `${HOST}/v2/token?service=x`, undefined, { token: null })).body.token;
  expect(
    (await sim.call('GET', `${HOST}/v2/${sim.project.projectId}/empty-repo/app/manifests/v9`, undefined, { token: anonymous }))
      .body.errors[0].code,
  ).toBe('DENIED');
});

test.each(['mirror.gcr.io', 'index.docker.io', 'registry-1.docker.io'])(
  'base images of Python can be looked at on %s without a credential',
  async (host) => {
    const none = { token: null };
    expect((await sim.call('GET', `https://${host}/v2/`, undefined, none)).status).toBe(200);
    const manifest = await sim.call('GET', `https://${host}/v2/library/python/manifests/3.13-slim-bookworm`, undefined, none);
    expect(manifest.headers['docker-content-digest']).toBe(sha(manifest.bytes));
    const config = await sim.call(
      'GET',
      `https://${host}/v2/library/python/blobs/${manifest.body.config.digest}`,
      undefined,
      none,
    );
    expect(sha(config.bytes)).toBe(manifest.body.config.digest);
    expect(config.body.config.OnBuild).toBeUndefined();
    const layer = await sim.call(
      'GET',
      `https://${host}/v2/library/python/blobs/${manifest.body.layers[0].digest}`,
      undefined,
      none,
    );
    expect([sha(layer.bytes), layer.bytes.length]).toEqual([manifest.body.layers[0].digest, manifest.body.layers[0].size]);
    expect((await sim.call('GET', `https://${host}/v2/library/nothing/manifests/latest`, undefined, none)).status).toBe(404);
  },
);
