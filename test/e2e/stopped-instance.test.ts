import { expect, it } from 'vitest';
import { startCloud } from '../support/deployment.ts';

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
