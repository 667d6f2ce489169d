import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { CI, giveKeys, startWorld } from '../support/ci-world.ts';
import { credentialsFileOf } from '../support/github.ts';
import { librariesPython } from '../support/google-python.ts';
import { enforce, impersonating } from '../support/own-home.ts';
import { temporaryFolder } from '../support/program.ts';

const run = promisify(execFile);

test('Google’s Python libraries work as the accounts: by impersonation, by the key, and in a workflow', {
  timeout: 240_000,
}, async () => {
  const [python, world] = [await librariesPython(), await startWorld()];
  const { simulator } = world;
  const { projectId, projectNumber } = simulator.project;
  const { keyFile } = await world.made('init', '--impersonator', 'user@example.com', '--credentials', 'key', ...CI, '--yes');
  await giveKeys(world);
  await enforce({ simulator });
  const account = (id: string) => `${id}@${projectId}.iam.gserviceaccount.com`;
  const file = async (credentials: object): Promise<string> => {
    const name = path.join(temporaryFolder(), 'credentials.json');
    await writeFile(name, JSON.stringify(credentials));
    return name;
  };
  const provider = `projects/${projectNumber}/locations/global/workloadIdentityPools/github-mlflow/providers/github`;
  const workflow = credentialsFileOf({ workload_identity_provider: provider, service_account: account('mlflow-deploy') });
  const works = async (credentials: string, bucket: string) => {
    const env = {
      PATH: process.env['PATH'],
      HOME: simulator.dataDir,
      PROJECT: projectId,
      BUCKET: `${projectId}-${bucket}`,
      GOOGLE_APPLICATION_CREDENTIALS: credentials,
      HTTPS_PROXY: simulator.url,
      REQUESTS_CA_BUNDLE: simulator.ca,
    };
    return JSON.parse((await run(python, [path.join(import.meta.dirname, 'credentials.py')], { env, timeout: 60_000 })).stdout);
  };
  const own = { content: 'hello', database: 'postgresql+psycopg2' };
  expect(await works(await file(impersonating(account('mlflow-server'))), 'mlflow-artifacts')).toEqual({
    ...own,
    kind: 'google.auth.impersonated_credentials',
  });
  expect(await works(keyFile, 'mlflow-artifacts')).toEqual({ ...own, kind: 'google.oauth2.service_account' });
  // Who deploys needs no password of the database.
  expect(await works(await file(workflow), 'mlflow-build')).toEqual({
    content: 'hello',
    database: 403,
    kind: 'google.auth.identity_pool',
  });
});
