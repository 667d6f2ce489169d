import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveServer } from '../../src/project/server-proof.ts';
import { PASSWORD, renderedProject, type TestProject, type TestServer, USER } from '../templates/support/server.ts';

// The check from outside against the real MLflow, behind the rendered gate.
let project: TestProject;
let server: TestServer;
beforeAll(async () => {
  project = await renderedProject();
  server = await project.start({ MLFLOW_SERVER_ALLOWED_HOSTS: '127.0.0.1:*' });
});
afterAll(async () => project?.close());

const route = { proxyFor: () => undefined, authorities: [], signal: new AbortController().signal };
const client = () => ({ trackingUri: server.url, username: USER, password: PASSWORD });

test('holds, with 40 MB up and down, and leaves no artifact', async () => {
  const response = await fetch(`${server.url}/version`, {
    headers: { authorization: `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}` },
  });
  const version = (await response.text()).trim();
  const proven = await proveServer(client(), route, { version, artifactMb: 40, progress: () => undefined });
  expect(proven.map(({ what }) => what)).toContain('40 MB up and down');
  const files = await readdir(path.join(project.folder, 'artifacts'), { recursive: true, withFileTypes: true });
  expect(files.filter((one) => one.isFile()).map(({ name }) => name)).toEqual([]);
});

test('finds that another version runs', async () => {
  await expect(
    proveServer(client(), route, { version: '0.0.1', artifactMb: 0, progress: () => undefined }),
  ).rejects.toMatchObject({
    code: 'SERVER_OTHER_VERSION',
  });
});
