import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type LoggedRequest, startCloud } from '../support/deployment.ts';
import { runChild, startChild, temporaryFolder } from '../support/program.ts';
import { comparableService } from './same-service.ts';

// `deploy --with skaffold` with the real program, when the variable SKAFFOLD names it.
const SKAFFOLD = process.env['SKAFFOLD'];
const title = (what: string) =>
  `deploy with skaffold ${what}${SKAFFOLD ? '' : ' (skipped: the variable SKAFFOLD names no program)'}`;
const when = test.skipIf(!SKAFFOLD);

/** A deployment that `init` has made, worked on by the key of one service account, with skaffold on PATH and no gcloud. */
async function made() {
  const cloud = await startCloud();
  const { simulator, folder } = cloud;
  const { projectId } = simulator.project;
  const accounts = `https://iam.googleapis.com/v1/projects/${projectId}/serviceAccounts`;
  const policy = `https://cloudresourcemanager.googleapis.com/v1/projects/${projectId}`;
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const { email } = (await simulator.call('POST', accounts, { accountId: 'deployer' })).body;
  const { body } = await simulator.call('POST', `${policy}:getIamPolicy`, {});
  body.bindings.push({ role: 'roles/owner', members: [`serviceAccount:${email}`] });
  await simulator.call('POST', `${policy}:setIamPolicy`, { policy: body });
  const key = await simulator.call('POST', `${accounts}/${email}/keys`, {});
  const place = temporaryFolder();
  await writeFile(path.join(place, 'key.json'), Buffer.from(key.body.privateKeyData, 'base64'), { mode: 0o600 });
  await mkdir(path.join(place, 'bin'));
  await symlink(String(SKAFFOLD), path.join(place, 'bin/skaffold'));
  const env = {
    HTTPS_PROXY: simulator.url,
    NODE_EXTRA_CA_CERTS: simulator.ca,
    GOOGLE_APPLICATION_CREDENTIALS: path.join(place, 'key.json'),
    GOOGLE_CLOUD_PROJECT: projectId,
    // No gcloud, and no authorities of this machine's own.
    PATH: path.join(place, 'bin'),
    SSL_CERT_FILE: '',
    HOME: place,
    CI: 'true',
  };
  const deploy = async (more: string[], changed: Record<string, string> = {}) => {
    const args = ['deploy', '--no-check', '--json', ...more];
    const outcome = await runChild(args, { cwd: folder, env: { ...env, ...changed } });
    return { ...outcome, json: JSON.parse(outcome.stdout) };
  };
  const serviceUrl = `https://us-central1-run.googleapis.com/v1/projects/${projectId}/locations/us-central1/services/mlflow`;
  const service = async () => (await simulator.call('GET', serviceUrl)).body;
  return { cloud, simulator, folder, deploy, service, env };
}

const writesTo = (host: RegExp) => (request: LoggedRequest) =>
  host.test(request.host) && !['GET', 'HEAD'].includes(request.method);

when(title('makes the service that the APIs make, and changes nothing the second time'), async () => {
  const { deploy, service, cloud, simulator } = await made();
  const first = await deploy(['--with', 'skaffold']);
  expect(first.json).toMatchObject({
    ok: true,
    with: 'skaffold',
    outcome: 'created',
    image: expect.stringMatching(/@sha256:[0-9a-f]{64}$/),
  });
  const one = await service();

  const second = await deploy(['--with', 'skaffold']);
  expect(second.json).toMatchObject({ ok: true, outcome: 'unchanged' });
  expect((await service()).status.latestCreatedRevisionName).toBe(one.status.latestCreatedRevisionName);
  const builds = (await cloud.requests()).filter(writesTo(/^cloudbuild\./));
  expect(builds).toHaveLength(1);

  // From nothing by the APIs, with the same image.
  const url = `https://us-central1-run.googleapis.com/v1/projects/${simulator.project.projectId}/locations/us-central1/services/mlflow`;
  await simulator.call('DELETE', url);
  await simulator.until(url, (body) => body.error?.code === 404);
  const image = String(first.json.image).replace(/:[^@/]+@/, '@');
  expect((await deploy(['--with', 'api', '--image', image])).json).toMatchObject({ ok: true, with: 'api', outcome: 'created' });
  expect(comparableService(await service())).toEqual(comparableService(one));
});

when(title('shows its phases as steps, whatever the user has set skaffold to'), async () => {
  const { cloud, folder, env } = await made();
  await mkdir(path.join(env.HOME, '.skaffold'));
  await writeFile(path.join(env.HOME, '.skaffold/config'), 'global:\n  default-repo: example.com/elsewhere\n');
  const args = ['deploy', '--no-check', '--with', 'skaffold'];
  const { status, stderr, stdout } = await runChild(args, {
    cwd: folder,
    env: { ...env, SKAFFOLD_DEFAULT_REPO: 'example.com/other' },
  });
  expect(stderr).toMatch(/done {3}Build the image with skaffold: built.*done {3}Deploy to Cloud Run with skaffold: created/s);
  expect(status).toBe(0);
  expect(stdout).toContain('.run.app');
  expect((await cloud.requests()).some(({ host }) => host === 'example.com')).toBe(false);
});

when(title('tells in our words what went wrong'), async () => {
  const { cloud, deploy, folder, service } = await made();
  expect((await deploy(['--with', 'skaffold'])).json.ok).toBe(true);
  const serving = (await service()).status.latestReadyRevisionName;
  const manifest = path.join(folder, 'deploy/production/service.yaml');
  const config = path.join(folder, 'skaffold.yaml');
  await copyFile(manifest, `${manifest}.bak`);
  await copyFile(config, `${config}.bak`);
  onTestFinished(() => cloud.simulator.control('DELETE', '/_simulator/faults').then(() => undefined));

  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('name: mlflow_tracking_password', 'name: mlflow_missing'));
  const notReady = await deploy(['--with', 'skaffold']);
  expect(notReady.status).toBe(1);
  expect(notReady.json.error).toMatchObject({
    code: 'RUN_NOT_READY',
    message: expect.stringMatching(new RegExp(`SecretsAccessCheckFailed.*mlflow_missing.*${serving} goes on serving`, 's')),
  });
  await copyFile(`${manifest}.bak`, manifest);

  await writeFile(path.join(folder, 'app/more.py'), 'MORE = 1\n');
  await cloud.fault({ match: 'POST cloudbuild.*builds', times: 9, status: 403 });
  expect((await deploy(['--with', 'skaffold'])).json.error).toMatchObject({
    code: 'SKAFFOLD_REFUSED',
    message: expect.stringContaining('BUILD_GCB_CREATE_BUILD_ERR'),
    hint: expect.stringContaining('--with api'),
  });
  await cloud.simulator.control('DELETE', '/_simulator/faults');
  await cloud.fault({ match: 'PUT .*run.*services', times: 9, status: 403 });
  expect((await deploy(['--with', 'skaffold'])).json.error).toMatchObject({
    code: 'SKAFFOLD_REFUSED',
    message: expect.stringContaining('DEPLOY_CLOUD_RUN_UPDATE_SERVICE_ERR'),
  });
  await cloud.simulator.control('DELETE', '/_simulator/faults');

  await writeFile(config, `${await readFile(config, 'utf8')}\nunheard: of\n`);
  expect((await deploy(['--with', 'skaffold'])).json.error).toMatchObject({
    code: 'SKAFFOLD_FAILED',
    message: expect.stringContaining('unheard'),
  });
});

when(title('is refused as somebody else, and left out where it was not asked for'), async () => {
  const { deploy, folder, env } = await made();
  // skaffold has no use for this token: it would take the key's account.
  const other = { CLOUDSDK_AUTH_ACCESS_TOKEN: 'token-of-a-person' };
  const refused = await deploy(['--with', 'skaffold'], other);
  expect(refused.json.error).toMatchObject({ code: 'SKAFFOLD_OTHER_ACCOUNT', hint: expect.stringContaining('--with api') });
  const left = await runChild(['deploy', '--no-check'], { cwd: folder, env: { ...env, ...other } });
  expect(left.status).toBe(0);
  expect(left.stderr).toContain('done   Deploy to Cloud Run: created');
});

const PHASES = {
  'the sources go up': /^(?:POST|PUT) storage\.googleapis\.com/,
  'the image is built': /^POST cloudbuild\.googleapis\.com.*builds/,
  'the service is made': /^(?:POST|PUT) .*run\.googleapis\.com.*services/,
};

when.each(Object.entries(PHASES))(title('killed while %s is gone on with by the same command'), async (_phase, match) => {
  const { cloud, deploy, service, folder, env } = await made();
  const seen = async () =>
    (await cloud.requests()).filter(({ method, host, path: at }) => match.test(`${method} ${host}${at}`)).length;
  const before = await seen();
  const child = startChild(['deploy', '--no-check', '--with', 'skaffold', '--json'], { cwd: folder, env });
  let ended = false;
  void child.outcome.then(() => {
    ended = true;
  });
  while (!ended && (await seen()) === before) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(ended).toBe(false);
  child.process.kill('SIGKILL');
  await child.outcome;
  // The skaffold that it had started may live on for a while beside the next one.
  const again = await deploy(['--with', 'skaffold']);
  expect(again.status, again.stdout).toBe(0);
  for (let last = -1, now = 0; now !== last; ) {
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    now = (await cloud.requests()).length;
  }
  const end = await service();
  expect(end.status.conditions.find(({ type }: { type: string }) => type === 'Ready')).toMatchObject({ status: 'True' });
  expect(end.status.traffic).toEqual([
    expect.objectContaining({ revisionName: end.status.latestCreatedRevisionName, percent: 100 }),
  ]);
  expect((await deploy(['--with', 'skaffold'])).json).toMatchObject({ ok: true, outcome: 'unchanged' });
  expect(comparableService(await service())).toEqual(comparableService(end));
});
