import { expect, test } from 'vitest';
import { startCloud } from '../support/deployment.ts';
import { startChild, temporaryFolder, until } from '../support/program.ts';
import { keys, onTerminal } from '../support/pty.ts';

async function made() {
  const cloud = await startCloud();
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const { projectId } = cloud.simulator.project;
  const env = { ...cloud.env, GOOGLE_CLOUD_PROJECT: projectId };
  const instance = `https://sqladmin.googleapis.com/v1/projects/${projectId}/instances/mlflow-pgsql`;
  const stop = async (activationPolicy: string) => {
    expect((await cloud.simulator.call('PATCH', instance, { settings: { activationPolicy } })).status).toBe(200);
    await cloud.simulator.until(instance, ({ settings }) => settings.activationPolicy === activationPolicy);
  };
  const status = async (...more: string[]) => JSON.parse((await cloud.run('status', '--json', ...more)).stdout);
  return { cloud, env, stop, status };
}
const stateOf = (answer: { resources: Array<{ id: string; state: string }> }, id: string) =>
  answer.resources.find((one) => one.id === id)?.state;

test('tells what is there, how it is, and what that costs a month', async () => {
  const { cloud, stop, status } = await made();
  const base = await status();
  expect(base).toMatchObject({ ok: true, server: 'not deployed', prices: { currency: 'USD', total: expect.closeTo(9.37, 1) } });
  expect(stateOf(base, 'sql-instance')).toBe('ok');
  expect(stateOf(base, 'run-service')).toBe('missing');
  expect((await status('--wait', '--timeout', '1')).error.code).toBe('NOT_DEPLOYED');
  expect((await cloud.run('deploy', '--with', 'api', '--no-check', '--quiet')).status).toBe(0);
  await stop('NEVER');
  const { stdout: shown } = await cloud.run('status');
  expect(shown).toMatch(/Cloud SQL instance mlflow-pgsql +stopped +activation: NEVER → ALWAYS; no server can reach its database/);
  expect(shown).toMatch(/Database mlflow +unknown/);
  expect(shown).toMatch(/Cloud Run service mlflow +ok +mlflow-00001-\w+/);
  expect(shown).toMatch(/A month +USD 1\.70 \(Cloud SQL storage 1\.70\)/);

  // From a folder that knows nothing, with the data alone left.
  expect((await cloud.run('destroy', '--yes', '--quiet')).status).toBe(0);
  expect(await status('--dir', temporaryFolder())).toMatchObject({ prices: { total: expect.closeTo(1.7, 1) } });
});

test('finds the region of a deployment whose folder is lost', async () => {
  const cloud = await startCloud();
  expect((await cloud.run('init', '--yes', '--quiet', '--region', 'europe-west1')).status).toBe(0);
  const { stdout } = await cloud.run('status', '--json', '--dir', temporaryFolder());
  const answer = JSON.parse(stdout);
  expect(answer.region).toBe('europe-west1');
  expect(stateOf(answer, 'repository')).toBe('ok');
});

test('--watch draws one picture anew on a terminal, and Ctrl-C ends it with 130', async () => {
  const { cloud, env, stop } = await made();
  const terminal = onTerminal(['status', '--watch', '--interval', '1'], { env, cwd: cloud.folder, columns: 120 });
  await terminal.shows(/Cloud SQL instance mlflow-pgsql +ok/);
  await terminal.shows('again every 1 s. Ctrl-C ends it.');
  await stop('NEVER');
  await terminal.shows(/Cloud SQL instance mlflow-pgsql +stopped/);
  expect(terminal.raw().split('\u001b[H').length).toBeGreaterThan(2);
  terminal.type(keys.ctrlC);
  expect(await terminal.ended).toBe(130);
});

test('--watch writes a line for what changed where nobody looks', async () => {
  const { cloud, env, stop } = await made();
  const child = startChild(['status', '--watch', '--interval', '1', '--wait', '--timeout', '60'], { env, cwd: cloud.folder });
  await until('the first look', () => child.texts.stdout.includes('Server'), 60);
  await stop('NEVER');
  await until('the change', () => child.texts.stdout.includes('mlflow-pgsql: ok → stopped'), 60);
  const lines = child.texts.stdout.split('\n').filter((line) => line.includes('→'));
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d {2}Cloud SQL instance mlflow-pgsql: ok → stopped \(/);
  // Of what did not change there is no second line.
  expect(child.texts.stdout.match(/Service account/g)).toHaveLength(2);
  expect(child.texts.stdout).not.toContain('\u001b[');
  child.process.kill('SIGINT');
  expect((await child.outcome).status).toBe(130);
});

test('--watch --json needs an end, and prints one document at it', async () => {
  const { cloud } = await made();
  const endless = await cloud.run('status', '--watch', '--json');
  expect(endless.status).toBe(2);
  expect(JSON.parse(endless.stdout).error.code).toBe('INVALID_VALUE');
  const ended = await cloud.run('status', '--watch', '--json', '--wait', '--timeout', '1', '--interval', '1');
  expect(ended.status).toBe(1);
  expect(JSON.parse(ended.stdout)).toMatchObject({ ok: false, server: 'not deployed', error: { code: 'NOT_DEPLOYED' } });
});
