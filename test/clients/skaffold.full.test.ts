import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderProject } from '../../src/project/render.ts';
import { grantProject, REGION, secret, sqlInstance, startWorld, type World } from '../simulator/services/world.ts';
import { packageRoot, temporaryFolder } from '../support/program.ts';

// The real program, when the variable SKAFFOLD names it, on a rendered project folder. Its sequence of requests is replayed in
// test/simulator/services/skaffold.test.ts, so that it is held everywhere.
const SKAFFOLD = process.env['SKAFFOLD'];
const title = (what: string) => `skaffold ${what}${SKAFFOLD ? '' : ' (skipped: the variable SKAFFOLD names no program)'}`;
const when = test.skipIf(!SKAFFOLD);
const SECRETS = ['artifact_url', 'database_url', 'tracking_username', 'tracking_password', 'tracking_url'];

let world: World;
beforeAll(async () => {
  if (!SKAFFOLD) return;
  world = await startWorld();
  await sqlInstance(world, 'db');
  for (const name of SECRETS) await secret(world, `mlflow_${name}`, 'hush');
  await grantProject(world, world.runner, 'roles/secretmanager.secretAccessor');
  await grantProject(world, world.builder, 'roles/owner');
});
afterAll(async () => {
  if (!SKAFFOLD) return;
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
});

interface Place {
  folder: string;
  key: string;
  /** Holds skaffold's memory of what it built. */
  home: string;
}

/** A project folder as `init` renders it, with an empty lock, and beside it a key of the account that deploys. */
async function projectFolder(): Promise<Place> {
  const folder = temporaryFolder();
  const files = await renderProject(path.join(packageRoot, 'src/templates/project'), tokens());
  for (const file of files) {
    await mkdir(path.dirname(path.join(folder, file.path)), { recursive: true });
    await writeFile(path.join(folder, file.path), file.content);
  }
  await writeFile(path.join(folder, 'uv.lock'), '');
  const key = path.join(temporaryFolder(), 'key.json');
  const made = await world.call(
    'POST',
    `https://iam.googleapis.com/v1/projects/${world.project}/serviceAccounts/${world.builder}/keys`,
    {},
  );
  await writeFile(key, Buffer.from(made.body.privateKeyData, 'base64'), { mode: 0o600 });
  return { folder, key, home: temporaryFolder() };
}

function tokens(): Record<string, string> {
  return {
    name: 'mlflow',
    project: world.project,
    region: REGION,
    image: `${world.registry}/mlflow`,
    buildBucket: world.bucket,
    buildServiceAccount: world.builder,
    serviceAccount: world.runner,
    sqlInstance: `${world.project}:${REGION}:db`,
    labels: '{"managed-by":"mlflow-gcp"}',
    ingress: 'all',
    minInstances: '0',
    maxInstances: '1',
    memory: '2Gi',
    cpu: '1',
    allowedHosts: '*.run.app',
    allowedOrigins: 'https://*.run.app',
    url: 'https://mlflow.example.org',
    bucket: world.bucket,
    ...Object.fromEntries(SECRETS.map((name) => [`secretVersions.${name}`, '1'])),
  };
}

/** It is told of the simulator by Go's own variables alone; with nothing on PATH it takes the key for its credentials. */
async function skaffold({ folder, key, home }: Place, ...args: string[]): Promise<string> {
  const quiet = ['--interactive=false', '--update-check=false', '--detect-minikube=false'];
  const env = {
    PATH: temporaryFolder(),
    HOME: home,
    KUBECONFIG: '/dev/null',
    HTTPS_PROXY: `http://127.0.0.1:${world.sim.port}`,
    SSL_CERT_FILE: world.sim.ca,
    GOOGLE_APPLICATION_CREDENTIALS: key,
  };
  return new Promise((resolve, reject) => {
    execFile(
      String(SKAFFOLD),
      [...args, '-p', 'production', ...quiet],
      { cwd: folder, env, timeout: 120_000 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`skaffold ${args.join(' ')}: ${error.message}\n${stdout}\n${stderr}`));
        else resolve(stdout + stderr);
      },
    );
  });
}

async function requests(): Promise<string[]> {
  const log = await world.sim.control('GET', '/_simulator/requests');
  const lines = log.bytes
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return lines
    .filter(({ userAgent }) => /skaffold|Go-http|go-container|google-api-go/i.test(String(userAgent)))
    .map(({ method, host, path: at }) => `${method} ${host}${at}`);
}

const serviceUrl = () => `https://run.googleapis.com/v2/projects/${world.project}/locations/${REGION}/services/mlflow`;

when(title('builds, deploys, deploys again without building, and deletes'), async () => {
  const place = await projectFolder();
  await skaffold(place, 'run', '--check-cluster-node-platforms=false', '--status-check=true');
  const first = (await world.call('GET', serviceUrl())).body;
  expect(first).toMatchObject({ terminalCondition: { state: 'CONDITION_SUCCEEDED' }, generation: '1' });
  expect(first.template.containers[0].image).toMatch(/@sha256:[0-9a-f]{64}$/);
  const sent = await requests();
  expect(sent).toContain('GET mirror.gcr.io/v2/');
  expect(sent.filter((line) => line.startsWith('POST cloudbuild.googleapis.com/'))).toHaveLength(1);

  const again = await skaffold(place, 'run', '--check-cluster-node-platforms=false', '--status-check=true');
  expect(again).toContain('Found Remotely');
  expect((await requests()).filter((line) => line.startsWith('POST cloudbuild.googleapis.com/'))).toHaveLength(1);

  await writeFile(path.join(place.folder, 'app', 'more.py'), 'MORE = 1\n');
  const built = path.join(temporaryFolder(), 'built.json');
  await skaffold(place, 'build', '--check-cluster-node-platforms=false', '--file-output', built);
  const { builds } = JSON.parse(await readFile(built, 'utf8'));
  expect(builds).toEqual([{ imageName: `${world.registry}/mlflow`, tag: expect.stringMatching(/@sha256:[0-9a-f]{64}$/) }]);
  await skaffold(place, 'deploy', '--build-artifacts', built, '--status-check=true');
  const changed = (await world.call('GET', serviceUrl())).body;
  expect(changed.template.containers[0].image).toBe(builds[0].tag);
  expect(changed.template.containers[0].image).not.toBe(first.template.containers[0].image);

  await skaffold(place, 'delete');
  await world.sim.until(serviceUrl(), (body) => body.error?.code === 404);
});

when(title('says what Cloud Build and Cloud Run refuse'), async () => {
  const place = await projectFolder();
  await writeFile(path.join(place.folder, 'app', 'other.py'), 'OTHER = 1\n');
  await world.sim.control('POST', '/_simulator/faults', { match: 'POST cloudbuild.*builds', times: 9, status: 403 });
  await expect(skaffold(place, 'build')).rejects.toThrow(/403|permission/i);
  await world.sim.control('DELETE', '/_simulator/faults');
  const manifest = path.join(place.folder, 'deploy', 'production', 'service.yaml');
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('mlflow_tracking_password', 'mlflow_missing'));
  await expect(skaffold(place, 'run', '--check-cluster-node-platforms=false', '--status-check=true')).rejects.toThrow(
    /mlflow_missing/,
  );
  await skaffold(place, 'delete');
});
