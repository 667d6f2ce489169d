import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureGrants, revokeGrants } from '../../src/gcp/iam-policy.ts';
import { deploymentLabels } from '../../src/gcp/labels.ts';
import { deleteService, getService, listServices } from '../../src/gcp/run.ts';
import { deployKnativeService, getKnativeService, type KnativeService, runServicePolicy } from '../../src/gcp/run-v1.ts';
import { type Opened, openOnSimulator } from './open.ts';

const LABELS = deploymentLabels('mlflow');

let opened: Opened;
beforeAll(async () => {
  opened = await openOnSimulator();
  await opened.enable('run', 'secretmanager', 'iam', 'compute');
});
afterEach(async () => {
  await opened.simulator.control('DELETE', '/_simulator/faults');
  expect(opened.simulator.bugs).toEqual([]);
});
afterAll(() => opened.close());

const place = () => ({ project: opened.project, region: 'us-central1' });
const service = () => ({ ...place(), service: 'mlflow' });
function manifest(env: unknown[] = [], annotations: Record<string, string> = {}): KnativeService {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'mlflow', labels: LABELS, annotations },
    spec: { template: { spec: { containers: [{ image: 'us-docker.pkg.dev/cloudrun/container/hello', env }] } } },
  };
}
async function callsOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = (await opened.requests()).length;
  await work();
  return (await opened.requests()).slice(before).map(({ call }) => call);
}

describe('Cloud Run', () => {
  it('deploys a service once though the answer is lost, and waits until it is ready', async () => {
    const { google } = opened;
    expect(await getService(google, service())).toBeUndefined();
    expect(await getKnativeService(google, service())).toBeUndefined();
    await opened.fault({ match: 'POST us-central1-run', times: 1, reset: true, after: true });
    const calls = await callsOf(async () => {
      const { value, outcome } = await deployKnativeService(google, { ...place(), manifest: manifest() });
      expect(outcome).toBe('created');
      expect(value.status?.observedGeneration).toBe(value.metadata.generation);
      expect(value.status?.url).toMatch(/^https:\/\/.*run\.app$/);
    });
    expect(calls.filter((call) => /^(POST|PUT)/.test(call))).toHaveLength(1);
  });

  it('replaces it as a whole, and waits for the new generation, not for the old one', async () => {
    const { google } = opened;
    const first = await getKnativeService(google, service());
    const changed = manifest([{ name: 'A', value: 'b' }], { 'run.googleapis.com/ingress': 'internal' });
    const { value, outcome } = await deployKnativeService(google, { ...place(), manifest: changed });
    expect(outcome).toBe('replaced');
    expect(value.metadata.generation).toBeGreaterThan(first?.metadata.generation ?? 0);
    expect(value.status?.latestReadyRevisionName).not.toBe(first?.status?.latestReadyRevisionName);
    expect(value.metadata.annotations?.['run.googleapis.com/ingress']).toBe('internal');
    // A document as Google shows it can be sent back.
    const { metadata } = value;
    const shown = { ...value, metadata: { ...metadata, labels: { ...metadata.labels, shown: 'yes' } } };
    expect((await deployKnativeService(google, { ...place(), manifest: shown })).outcome).toBe('replaced');
  });

  it('leaves a service that is as asked for as it is, with what others set that the document leaves open', async () => {
    const { google } = opened;
    const calls = await callsOf(async () => {
      const asked = manifest([{ name: 'A', value: 'b' }], { 'run.googleapis.com/ingress': 'internal' });
      expect((await deployKnativeService(google, { ...place(), manifest: asked })).outcome).toBe('unchanged');
    });
    expect(calls.filter((call) => /^(POST|PUT)/.test(call))).toEqual([]);
    const fewer = manifest([], { 'run.googleapis.com/ingress': 'internal' });
    expect((await deployKnativeService(google, { ...place(), manifest: fewer })).outcome).toBe('replaced');
  });

  it('throws what keeps a revision from serving', async () => {
    const broken = manifest([{ name: 'S', valueFrom: { secretKeyRef: { name: 'no-such-secret', key: '1' } } }]);
    const failed = deployKnativeService(opened.google, { ...place(), manifest: broken });
    await expect(failed).rejects.toMatchObject({
      code: 'RUN_NOT_READY',
      exitStatus: 1,
      hint: expect.stringContaining('logs read mlflow'),
    });
    await expect(failed).rejects.toThrow(/no-such-secret/);
  });

  it('tells by v2 what v1 does not tell', async () => {
    const { google } = opened;
    await deployKnativeService(google, {
      ...place(),
      manifest: manifest([], { 'run.googleapis.com/invoker-iam-disabled': 'true' }),
    });
    const found = await getService(google, service());
    expect(found).toMatchObject({
      service: 'mlflow',
      invokerIamDisabled: true,
      iapEnabled: false,
      ingress: 'INGRESS_TRAFFIC_ALL',
    });
    expect(found?.labels).toMatchObject(LABELS);
    expect(found?.urls).toContain(found?.uri);
    expect(found?.latestReadyRevision).toMatch(/^mlflow-/);
    expect((await listServices(google, { ...place(), labels: LABELS })).map((one) => one.service)).toEqual(['mlflow']);
    expect(await listServices(google, { ...place(), labels: deploymentLabels('other') })).toEqual([]);
  });

  it('changes who may call it', async () => {
    const { google } = opened;
    const grants = [{ role: 'roles/run.invoker', members: ['allUsers'] }];
    const policy = runServicePolicy(google, service());
    await opened.fault({ match: 'POST .*:setIamPolicy', times: 1, reset: true, after: true });
    await ensureGrants(google, policy, grants);
    expect((await policy.read()).bindings).toEqual([{ role: 'roles/run.invoker', members: ['allUsers'] }]);
    expect(await ensureGrants(google, policy, grants)).toBe(false);
    expect(await revokeGrants(google, policy, grants)).toBe(true);
  });

  it('deletes it, and again', async () => {
    const { google } = opened;
    await opened.fault({ match: 'DELETE run', times: 1, reset: true, after: true });
    await deleteService(google, service());
    await deleteService(google, service());
    expect(await getKnativeService(google, service())).toBeUndefined();
  });
});
