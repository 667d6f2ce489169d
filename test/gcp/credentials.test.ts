import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Google, openGoogle } from '../../src/gcp/google.ts';
import { getProject } from '../../src/gcp/projects.ts';
import { getSecret } from '../../src/gcp/secrets.ts';
import type { Service } from '../../src/local/simulator/service.ts';
import { loadServices } from '../../src/local/simulator/services.ts';
import { hurriedClock, type Opened, openOnSimulator, proxyTarget } from './open.ts';

let opened: Opened;
let folder: string;
let tokenAnswer: { status: number; body: unknown };

/** Google's token endpoint. */
const tokenEndpoint: Service = {
  api: 'token-endpoint',
  versions: [],
  methods: {},
  routes: [
    {
      httpMethod: 'POST',
      host: /^oauth2\.googleapis\.com$/,
      path: /^\/token$/,
      authenticated: false,
      handle({ response, body }) {
        body.resume();
        response.writeHead(tokenAnswer.status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(tokenAnswer.body));
      },
    },
  ],
};

beforeAll(async () => {
  opened = await openOnSimulator({ simulator: { services: [tokenEndpoint, ...(await loadServices())] } });
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
});
afterEach(() => {
  delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
});
afterAll(async () => {
  await opened.close();
  await rm(folder, { recursive: true });
});

/** Google Cloud for who has this credentials file and no token. */
async function openWith(file: string, content: unknown, quotaProject?: string): Promise<{ google: Google; lines: string[] }> {
  const credentialsFile = join(folder, file);
  if (content !== undefined) await writeFile(credentialsFile, typeof content === 'string' ? content : JSON.stringify(content));
  // Application Default Credentials are found by Google's library, which reads its own process.
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = credentialsFile;
  const lines: string[] = [];
  const google = openGoogle({
    target: proxyTarget(opened.simulator.port, [readFileSync(opened.simulator.ca, 'utf8')], { accessToken: undefined }),
    userAgent: 'mlflow-gcp/9.9.9',
    log: (line) => lines.push(line),
    signal: new AbortController().signal,
    clock: hurriedClock(),
    ...(quotaProject !== undefined && { quotaProject }),
  });
  return { google, lines };
}

beforeEach(() => {
  tokenAnswer = { status: 200, body: { access_token: 'exchanged', expires_in: 3600, token_type: 'Bearer' } };
});

const USER = {
  type: 'authorized_user',
  client_id: 'id',
  client_secret: 'client-secret-value',
  refresh_token: 'refresh-token-value',
};

describe('who is signed in', () => {
  it('exchanges the refresh token through the same door', async () => {
    const { google, lines } = await openWith('user.json', USER);
    expect((await getProject(google, { project: opened.project }))?.projectId).toBe(opened.project);
    expect(lines[0]).toMatch(/^POST https:\/\/oauth2\.googleapis\.com\/token 200/);
    expect(lines.join('\n')).not.toMatch(/client-secret-value|refresh-token-value/);
    expect((await opened.requests()).every(({ userAgent }) => userAgent === 'mlflow-gcp/9.9.9')).toBe(true);
    expect(await google.accessToken()).toBe('exchanged');
    google.close();
  });

  it('asks the token endpoint again when it is busy', async () => {
    const { google } = await openWith('user.json', USER);
    await opened.fault({ match: 'POST oauth2', times: 2, status: 503 });
    expect(await getProject(google, { project: opened.project })).toBeDefined();
    google.close();
  });

  it('a sign-in that has run out', async () => {
    const { google } = await openWith('user.json', USER);
    tokenAnswer = { status: 400, body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' } };
    for (const read of [getProject(google, { project: 'p' }), getSecret(google, { project: 'p', secretId: 's' })]) {
      await expect(read).rejects.toMatchObject({
        code: 'SIGN_IN_EXPIRED',
        exitStatus: 3,
        hint: 'gcloud auth application-default login',
      });
    }
    google.close();
  });

  it('a 404 of the token endpoint is not taken for that of the resource', async () => {
    const { google } = await openWith('user.json', USER);
    tokenAnswer = { status: 404, body: {} };
    await expect(getProject(google, { project: 'p' })).rejects.toMatchObject({ code: 'NOT_SIGNED_IN', exitStatus: 3 });
    google.close();
  });

  it('charges a person to the project at hand, unless the credentials name one', async () => {
    const charged = async (content: unknown, quotaProject?: string) => {
      const { google } = await openWith('user.json', content, quotaProject);
      try {
        return await getProject(google, { project: opened.project });
      } finally {
        google.close();
      }
    };
    // The simulator, like Google, refuses what is to be charged to a project that is not there.
    await expect(charged(USER, 'not-there')).rejects.toMatchObject({
      code: expect.stringMatching(/PROJECT_NOT_FOUND|PERMISSION_DENIED/),
    });
    await opened.enable('cloudresourcemanager');
    expect(await charged(USER, opened.project)).toBeDefined();
    expect(await charged({ ...USER, quota_project_id: opened.project }, 'not-there')).toBeDefined();
  });

  it.each([
    ['no file', 'none.json', undefined],
    ['a file that is not JSON', 'broken.json', '{'],
    ['a file of another kind', 'other.json', { type: 'something' }],
  ])('%s', async (_, file, content) => {
    const { google } = await openWith(file, content);
    const expected = { code: 'NOT_SIGNED_IN', exitStatus: 3, hint: 'gcloud auth application-default login' };
    await expect(getProject(google, { project: 'p' })).rejects.toMatchObject(expected);
    await expect(getSecret(google, { project: 'p', secretId: 's' })).rejects.toMatchObject(expected);
    google.close();
  });

  it('a token that Google does not accept', async () => {
    await opened.fault({ match: 'GET ', times: 1, status: 401 });
    await expect(getProject(opened.google, { project: opened.project })).rejects.toMatchObject({
      code: 'NOT_SIGNED_IN',
      exitStatus: 3,
      hint: expect.stringContaining('CLOUDSDK_AUTH_ACCESS_TOKEN'),
    });
  });

  it('credentials that Google does not accept', async () => {
    const { google } = await openWith('user.json', USER);
    await opened.fault({ match: 'GET ', times: 2, status: 401 });
    await expect(getProject(google, { project: opened.project })).rejects.toMatchObject({
      code: 'NOT_SIGNED_IN',
      exitStatus: 3,
      hint: 'gcloud auth application-default login',
    });
    google.close();
  });
});
