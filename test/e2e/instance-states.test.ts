import { expect, it } from 'vitest';
import { startCloud } from '../support/deployment.ts';
import { startChild } from '../support/program.ts';

it('init starts a database instance that was stopped, and destroy removes one', async () => {
  const cloud = await startCloud();
  const done = async (...args: string[]) => {
    const { status, stdout, stderr } = await cloud.run(...args, '--json');
    expect({ status, error: status === 0 ? undefined : stdout + stderr }).toEqual({ status: 0, error: undefined });
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const { projectId } = cloud.simulator.project;
  const instance = `https://sqladmin.googleapis.com/v1/projects/${projectId}/instances/mlflow-pgsql`;
  const stop = async () => {
    expect((await cloud.simulator.call('PATCH', instance, { settings: { activationPolicy: 'NEVER' } })).status).toBe(200);
    await cloud.simulator.until(instance, (body) => body.settings.activationPolicy === 'NEVER');
  };
  await done('init', '--yes');
  await stop();
  await done('init', '--yes');
  expect((await cloud.simulator.call('GET', instance)).body.settings.activationPolicy).toBe('ALWAYS');
  await stop();
  await done('destroy', '--delete-data', '--confirm', 'mlflow', '--yes');
  expect((await cloud.simulator.call('GET', instance)).status).toBe(404);
}, 120_000);

it('init waits for a database instance that a run which was ended has left in the making', async () => {
  // At this speed it is made for four seconds.
  const cloud = await startCloud({ speed: 120 });
  const { projectId } = cloud.simulator.project;
  const instance = `https://sqladmin.googleapis.com/v1/projects/${projectId}/instances/mlflow-pgsql`;
  const env = { ...cloud.env, GOOGLE_CLOUD_PROJECT: projectId, CI: 'true' };
  const ended = startChild(['init', '--yes', '--json'], { env, cwd: cloud.folder });
  ended.process.stdin.end();
  await expect
    .poll(async () => (await cloud.simulator.call('GET', instance)).status, { timeout: 30_000, interval: 20 })
    .toBe(200);
  ended.process.kill('SIGKILL');
  await ended.outcome;
  expect((await cloud.simulator.call('GET', instance)).body.state).toBe('PENDING_CREATE');
  const plan = await cloud.run('init', '--dry-run', '--json');
  expect(plan.stdout).toContain('state: PENDING_CREATE → RUNNABLE');
  const again = await cloud.run('init', '--yes', '--json');
  expect({ status: again.status, told: again.status === 0 ? '' : again.stdout }).toEqual({ status: 0, told: '' });
  expect((await cloud.simulator.call('GET', instance)).body.state).toBe('RUNNABLE');
}, 120_000);
