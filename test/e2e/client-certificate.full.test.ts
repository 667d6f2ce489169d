import { createPrivateKey, X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../support/deployment.ts';
import { emptyStage } from './kill-scenarios.ts';
import { advance, openWorld, type Stage, trial, undisturbed } from './kill-trial.ts';

const WITH_CERTIFICATE = ['init', '--yes', '--client-cert'];
const SECRET = 'mlflow_database_client_key';

const base = (cloud: Cloud) => `https://sqladmin.googleapis.com/v1/projects/${cloud.simulator.project.projectId}`;
async function certificates(cloud: Cloud) {
  return (await cloud.simulator.call('GET', `${base(cloud)}/instances/mlflow-pgsql/sslCerts`)).body.items ?? [];
}
function secretUrl(cloud: Cloud): string {
  return `https://secretmanager.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/secrets/${SECRET}`;
}
async function storedKey(cloud: Cloud): Promise<string> {
  const { body } = await cloud.simulator.call('GET', `${secretUrl(cloud)}/versions/latest:access`);
  return Buffer.from(body.payload.data, 'base64').toString();
}
const outcomeOf = (text: string) =>
  JSON.parse(text).resources.find((resource: { id: string }) => resource.id === 'client-certificate')?.outcome;

test('a certificate of that name without our secret is left alone; a lost key makes a new certificate', async () => {
  const cloud = await startCloud();
  expect((await cloud.run('init', '--yes')).status).toBe(0);
  const place = `${base(cloud)}/instances/mlflow-pgsql`;
  await cloud.simulator.call('POST', `${place}/sslCerts`, { commonName: 'mlflow-gcp-mlflow' });
  const refused = await cloud.run(...WITH_CERTIFICATE, '--json');
  expect(refused.status).toBe(1);
  expect(JSON.parse(refused.stdout).error).toMatchObject({
    code: 'CLIENT_CERT_WITHOUT_SECRET',
    hint: expect.stringContaining('gcloud sql ssl client-certs delete mlflow-gcp-mlflow --instance=mlflow-pgsql'),
  });
  const [foreign] = await certificates(cloud);
  await cloud.simulator.until(`${base(cloud)}/operations`, ({ items }) =>
    items.every(({ status }: { status: string }) => status === 'DONE'),
  );
  await cloud.simulator.call('DELETE', `${place}/sslCerts/${foreign.sha1Fingerprint}`);
  expect((await cloud.run(...WITH_CERTIFICATE)).status).toBe(0);
  const [first] = await certificates(cloud);
  const data = Buffer.from('no key').toString('base64');
  await cloud.simulator.call('POST', `${secretUrl(cloud)}:addVersion`, { payload: { data } });
  const mended = await cloud.run('init', '--yes', '--json');
  expect(outcomeOf(mended.stdout)).toBe('updated');
  const [second, ...more] = await certificates(cloud);
  expect(more).toEqual([]);
  expect(second.sha1Fingerprint).not.toBe(first.sha1Fingerprint);
  expect(new X509Certificate(second.cert).checkPrivateKey(createPrivateKey(await storedKey(cloud)))).toBe(true);
});

test('two runs at once come to one certificate with its key', async () => {
  const cloud = await startCloud();
  const both = await Promise.all([1, 2].map(() => cloud.run(...WITH_CERTIFICATE, '--json')));
  expect(both.map(({ status, stdout }) => `${status} ${stdout.slice(0, 300)}`)).toEqual([
    expect.stringMatching(/^0 /),
    expect.stringMatching(/^0 /),
  ]);
  const [certificate, ...more] = await certificates(cloud);
  expect(more).toEqual([]);
  expect(new X509Certificate(certificate.cert).checkPrivateKey(createPrivateKey(await storedKey(cloud)))).toBe(true);
});

test('killed or disturbed at any call that makes the certificate, the same command ends with one certificate and its key', {
  timeout: 600_000,
}, async () => {
  const places: Stage[] = [await emptyStage()];
  try {
    const made = await advance(places[0] as Stage, [['init', '--yes']]);
    places.push(made);
    const { ends, calls } = await undisturbed(made, WITH_CERTIFICATE);
    expect(ends[1]).toEqual(ends[0]);
    const world = await openWorld(made);
    await world.run(WITH_CERTIFICATE);
    const requests = await world.requests();
    await world.stop();
    places.push(world.stage);
    expect(requests).toHaveLength(calls);
    const critical = requests.flatMap(({ method, path: url }, index) =>
      method === 'POST' && /\/(?:sslCerts|secrets)(?:\?|$)|:addVersion/.test(url) ? [index] : [],
    );
    expect(critical).toHaveLength(3);
    const wrong: string[] = [];
    for (const nth of critical) {
      for (const how of ['killed before', 'killed after', 'answer lost'] as const) {
        const result = await trial(made, WITH_CERTIFICATE, how, nth, [ends[0]]);
        if (result.wrong !== undefined) wrong.push(`${how} ${result.call}: ${result.wrong}`);
      }
    }
    expect(wrong).toEqual([]);
  } finally {
    for (const { data } of places) await rm(path.dirname(data), { recursive: true, force: true });
  }
});
