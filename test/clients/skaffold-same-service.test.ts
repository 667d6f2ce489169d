import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { startCloud } from '../support/deployment.ts';
import { comparableService } from './same-service.ts';

// What `skaffold run -p production` does with the rendered folder at Cloud Run, as recorded of the real program
// (test/clients/skaffold-deploy.full.test.ts runs that): the service of the manifest with a namespace, a label of the run on service and
// template, the image as TAG@DIGEST, and without values that are zero.
function asSkaffoldSends(manifest: Record<string, never>, image: string, project: string): object {
  const body = withoutZeros(manifest) as { metadata: object; spec: { template: { metadata: object; spec: object } } };
  const labelled = (metadata: { labels?: object }) => ({ ...metadata, labels: { ...metadata.labels, 'run-id': 'mlflow-gcp' } });
  const { template } = body.spec;
  const [container] = (template.spec as { containers: object[] }).containers;
  return {
    ...body,
    metadata: { ...labelled(body.metadata), namespace: project },
    spec: {
      ...body.spec,
      template: { metadata: labelled(template.metadata), spec: { ...template.spec, containers: [{ ...container, image }] } },
    },
  };
}

/** The types that skaffold reads a manifest into leave out what is empty, zero or false. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, one]) => one !== 0 && one !== '' && one !== false && one !== null);
  return Object.fromEntries(kept.map(([key, one]) => [key, withoutZeros(one)]));
}

test('the service that deploy makes by the APIs is the one that skaffold’s calls make of the same folder', async () => {
  const cloud = await startCloud();
  const { simulator } = cloud;
  const { projectId } = simulator.project;
  const services = `https://us-central1-run.googleapis.com/v1/projects/${projectId}/locations/us-central1/services`;
  const url = `${services}/mlflow?alt=json&prettyPrint=false`;
  const ready = () =>
    simulator.until(
      url,
      ({ metadata, status }) =>
        status?.observedGeneration === metadata?.generation &&
        status?.conditions.some(({ type, status: is }: { type: string; status: string }) => type === 'Ready' && is === 'True'),
    );
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const deployed = JSON.parse((await cloud.run('deploy', '--with', 'api', '--no-check', '--json')).stdout);
  expect(deployed).toMatchObject({ ok: true, with: 'api' });
  const ours = (await simulator.call('GET', url)).body;
  await simulator.call('DELETE', url);
  await simulator.until(url, (body) => body.error?.code === 404);

  const text = await readFile(path.join(cloud.folder, 'deploy/production/service.yaml'), 'utf8');
  const body = asSkaffoldSends(parse(text), String(deployed.image).replace('@', ':d2f3f0a1b2c3@'), projectId);
  expect((await simulator.call('GET', url)).status).toBe(404);
  expect((await simulator.call('POST', `${services}?alt=json&prettyPrint=false`, body)).status).toBe(200);
  const theirs = (await ready()).body;
  expect(comparableService(theirs)).toEqual(comparableService(ours));

  // Skaffold puts the same document again at each run: with a label that stays, that makes no second revision.
  expect((await simulator.call('PUT', url, body)).status).toBe(200);
  expect((await ready()).body.status.latestCreatedRevisionName).toBe(theirs.status.latestCreatedRevisionName);
  // And what skaffold has made is what the APIs would make, but for the form of the image's name.
  const again = JSON.parse(
    (await cloud.run('deploy', '--with', 'api', '--no-check', '--json', '--image', theirs.spec.template.spec.containers[0].image))
      .stdout,
  );
  expect(again).toMatchObject({ ok: true, outcome: 'unchanged' });
});
