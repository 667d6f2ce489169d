import { randomUUID } from 'node:crypto';
import { compute as client } from 'googleapis/build/src/apis/compute/index.js';
import { expect, test } from 'vitest';
import { makeLoadBalancer, startCompute } from './compute-client.ts';

test("Google's own client works", async () => {
  const compute = await startCompute();
  const { project } = compute;
  const library = client({
    version: 'v1',
    rootUrl: `http://127.0.0.1:${compute.sim.port}/`,
    headers: { host: 'compute.googleapis.com', authorization: 'Bearer anybody' },
  });
  const requestId = randomUUID();
  const requestBody = { name: 'first', ipVersion: 'IPV4' };
  const { data: operation } = await library.globalAddresses.insert({ project, requestId, requestBody });
  const { data: ended } = await library.globalOperations.wait({ project, operation: operation.name ?? '' });
  expect(ended).toMatchObject({ status: 'DONE', clientOperationId: requestId });
  const { data: address } = await library.globalAddresses.get({ project, address: 'first' });
  expect(address).toMatchObject({ ipVersion: 'IPV4', status: 'RESERVED' });
  await makeLoadBalancer(compute, 'site', 'site.example.com');
  const { data: rules } = await library.globalForwardingRules.list({ project, filter: 'name="site"' });
  expect(rules.items?.map(({ portRange }) => portRange)).toEqual(['443-443']);
  const patch = { project, backendService: 'site', requestBody: { fingerprint: 'c3RhbGU=', description: 'x' } };
  await expect(library.backendServices.patch(patch)).rejects.toMatchObject({ status: 412 });
  await expect(library.urlMaps.delete({ project, urlMap: 'site' })).rejects.toMatchObject({
    status: 400,
    response: { data: { error: { errors: [{ reason: 'resourceInUseByAnotherResource' }] } } },
  });
  await expect(library.urlMaps.get({ project, urlMap: 'none' })).rejects.toMatchObject({ status: 404 });
  const { data: wholeProject } = await library.projects.get({ project });
  expect(wholeProject).toMatchObject({ name: project, id: compute.sim.project.projectNumber, defaultNetworkTier: 'PREMIUM' });
  expect(compute.sim.bugs).toEqual([]);
  await compute.remove();
});
