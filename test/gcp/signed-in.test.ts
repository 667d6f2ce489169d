import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Google, openGoogle } from '../../src/gcp/google.ts';
import { getProject } from '../../src/gcp/projects.ts';
import { whoIsSignedIn } from '../../src/gcp/signed-in.ts';
import { metadataServer } from '../../src/local/simulator/services/metadata.ts';
import { hurriedClock, type Opened, openOnSimulator, proxyTarget } from './open.ts';

const USER = { type: 'authorized_user', client_id: 'id', client_secret: 'secret', refresh_token: 'token' };
let opened: Opened;
let folder: string;

beforeAll(async () => {
  opened = await openOnSimulator();
  folder = await mkdtemp(join(tmpdir(), 'signed-in-'));
});
afterEach(() => {
  for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'GCE_METADATA_HOST', 'CLOUDSDK_CONFIG']) delete process.env[name];
});
afterAll(async () => {
  await opened.close();
  await rm(folder, { recursive: true });
});

function openWithout(token?: string): Google {
  return openGoogle({
    target: proxyTarget(opened.simulator.port, [readFileSync(opened.simulator.ca, 'utf8')], { accessToken: token }),
    userAgent: 'mlflow-gcp/9.9.9',
    log: () => undefined,
    signal: new AbortController().signal,
    clock: hurriedClock(),
  });
}

/** Google Cloud for who has this credentials file. Google's library reads the variables of its own process. */
async function openWith(content: object): Promise<Google> {
  const file = join(folder, 'credentials.json');
  await writeFile(file, JSON.stringify(content));
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
  return openWithout();
}

async function makeAccount(id: string): Promise<string> {
  const { project, simulator } = opened;
  await opened.enable('iam', 'iamcredentials');
  const url = `https://iam.googleapis.com/v1/projects/${project}/serviceAccounts`;
  const { body } = await simulator.call('POST', url, { accountId: id });
  await simulator.until(`${url}/${body.email}`, (found) => found.email === body.email);
  return body.email as string;
}

it('a person, by asking Google whose token it is, and the token is in no address', async () => {
  const google = await openWith(USER);
  expect(await whoIsSignedIn(google)).toEqual({ kind: 'person', account: 'user@example.com' });
  const asked = (await opened.requests()).filter(({ call }) => call.includes('tokeninfo'));
  expect(asked.map(({ call }) => call)).toEqual(['POST oauth2.googleapis.com/tokeninfo']);
  google.close();
});

it('a token of the environment; of nobody where Google cannot be asked, and refused where it has run out', async () => {
  const google = openWithout('token-of-a-person');
  expect(await whoIsSignedIn(google)).toEqual({ kind: 'token', account: 'user@example.com' });
  for (const fault of [{ reset: true }, { status: 503 }, { status: 403 }]) {
    await opened.fault({ match: 'POST oauth2.googleapis.com/tokeninfo', times: 1, ...fault });
    expect(await whoIsSignedIn(google)).toEqual({ kind: 'token', account: undefined });
  }
  await opened.fault({ match: 'POST oauth2.googleapis.com/tokeninfo', times: 1, status: 400 });
  await expect(whoIsSignedIn(google)).rejects.toMatchObject({ code: 'NOT_SIGNED_IN', exitStatus: 3 });
  google.close();
});

it('a service account by its key, and one that a person stands in for', async () => {
  const email = await makeAccount('key-holder');
  const { body } = await opened.simulator.call(
    'POST',
    `https://iam.googleapis.com/v1/projects/-/serviceAccounts/${email}/keys`,
    {},
  );
  const byKey = await openWith(JSON.parse(Buffer.from(body.privateKeyData, 'base64').toString('utf8')));
  expect(await whoIsSignedIn(byKey)).toEqual({ kind: 'key', account: email });
  byKey.close();

  // An owner may not stand in for an account without being allowed to.
  const policy = { bindings: [{ role: 'roles/iam.serviceAccountTokenCreator', members: ['user:user@example.com'] }] };
  await opened.simulator.call('POST', `https://iam.googleapis.com/v1/projects/-/serviceAccounts/${email}:setIamPolicy`, {
    policy,
  });
  const standingIn = await openWith({
    type: 'impersonated_service_account',
    source_credentials: USER,
    service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}:generateAccessToken`,
  });
  expect(await whoIsSignedIn(standingIn)).toEqual({ kind: 'impersonation', account: email });
  standingIn.close();
});

it('an identity from outside, by the service account that it is exchanged for', async () => {
  const file = join(folder, 'identity-token');
  await writeFile(file, 'a.b.c');
  const google = await openWith({
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/github',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: 'https://sts.googleapis.com/v1/token',
    credential_source: { file },
    service_account_impersonation_url:
      'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/ci@p.iam.gserviceaccount.com:generateAccessToken',
  });
  expect(await google.credentials()).toEqual({ kind: 'federation', account: 'ci@p.iam.gserviceaccount.com' });
  google.close();
});

it('the account that is attached to this machine', async () => {
  const listener = metadataServer({
    projectId: opened.project,
    projectNumber: opened.projectNumber,
    serviceAccount: 'attached@example.com',
    region: 'us-central1',
    token: () => ({ accessToken: 'of-the-machine', expiresInSeconds: 3599 }),
  });
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env['GCE_METADATA_HOST'] = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env['CLOUDSDK_CONFIG'] = folder;
  const google = openWithout();
  expect(await whoIsSignedIn(google)).toEqual({ kind: 'attached', account: 'attached@example.com' });
  google.close();
  server.close();
});

it('charges a person’s requests to the project that was chosen, and looks at it where it has no service enabled yet', async () => {
  const google = await openWith(USER);
  // In a new project even this service is off, and what is charged to it is refused.
  await google.chargeTo(opened.project);
  const before = (await opened.requests()).length;
  expect(await getProject(google, { project: opened.project })).toBeDefined();
  const { length } = (await opened.requests()).slice(before).filter(({ call }) => call.includes('cloudresourcemanager'));
  expect(length).toBe(2);
  // Whoever names a project in the credentials is charged there and nowhere else.
  const own = await openWith({ ...USER, quota_project_id: opened.project });
  await own.chargeTo('another-project');
  await expect(getProject(own, { project: opened.project })).rejects.toMatchObject({ code: 'SERVICE_DISABLED' });
  google.close();
  own.close();
});
