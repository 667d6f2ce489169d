import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { InterruptedError } from '../../src/errors.ts';
import { failureOf } from '../../src/gcp/errors.ts';
import { getProject } from '../../src/gcp/projects.ts';
import { getService } from '../../src/gcp/run.ts';
import { getKnativeService } from '../../src/gcp/run-v1.ts';
import { addVersion } from '../../src/gcp/secret-versions.ts';
import { createSecret, getSecret } from '../../src/gcp/secrets.ts';
import { enabledServices } from '../../src/gcp/serviceusage.ts';
import { createBucket, getBucket, readObject, uploadObject } from '../../src/gcp/storage.ts';
import { type Opened, openOnSimulator, TOKEN } from './open.ts';

let opened: Opened;
beforeAll(async () => {
  opened = await openOnSimulator();
  await opened.enable('run', 'secretmanager', 'storage', 'sqladmin', 'cloudresourcemanager');
});
afterEach(async () => {
  await opened.simulator.control('DELETE', '/_simulator/faults');
  expect(opened.simulator.bugs).toEqual([]);
});
afterAll(() => opened.close());

/** How often the simulator was asked this since `work` began. */
async function countOf(pattern: RegExp, work: () => Promise<unknown>): Promise<number> {
  const before = (await opened.requests()).length;
  await work();
  return (await opened.requests()).slice(before).filter(({ call }) => pattern.test(call)).length;
}

describe('one door for all client libraries', () => {
  it('carries googleapis, gax and storage through the proxy, under our name, and logs nothing secret', async () => {
    const { google, project, projectNumber } = opened;
    const before = (await opened.requests()).length;
    opened.lines.length = 0;
    const services = ['run.googleapis.com', 'dns.googleapis.com'];
    expect(await enabledServices(google, { projectNumber, services })).toEqual(new Set(['run.googleapis.com']));
    const service = { project, region: 'us-central1', service: 'none' };
    expect(await getService(google, service)).toBeUndefined();
    expect(await getKnativeService(google, service)).toBeUndefined();
    expect(await getSecret(google, { project, secretId: 'none' })).toBeUndefined();
    await createSecret(google, { project, secretId: 'told', labels: {} });
    await addVersion(google, { project, secretId: 'told', value: 'a-secret-value' });
    await createBucket(google, { project, body: { name: 'a-bucket-of-tests', location: 'US-CENTRAL1' } });
    expect((await getBucket(google, { bucket: 'a-bucket-of-tests' }))?.name).toBe('a-bucket-of-tests');
    const object = { bucket: 'a-bucket-of-tests', object: 'a folder/ü.txt' };
    await uploadObject(google, { ...object, body: Buffer.from('hello'), contentType: 'text/plain' });
    expect((await readObject(google, object))?.toString()).toBe('hello');

    const requests = (await opened.requests()).slice(before);
    const hosts = new Set(requests.map(({ call }) => call.split(/[ /]/)[1]));
    expect(hosts).toEqual(
      new Set([
        'serviceusage.googleapis.com',
        'run.googleapis.com',
        'us-central1-run.googleapis.com',
        'secretmanager.googleapis.com',
        'storage.googleapis.com',
      ]),
    );
    expect(new Set(requests.map(({ userAgent }) => userAgent))).toEqual(new Set(['mlflow-gcp/9.9.9']));
    expect(opened.lines).toHaveLength(requests.length);
    for (const line of opened.lines) expect(line).toMatch(/^(GET|POST) https:\/\/[a-z0-9-]+\.googleapis\.com\/\S+ \d{3} \d+ ms$/);
    expect(opened.lines.join('\n')).not.toMatch(
      new RegExp(`${TOKEN}|a-secret-value|${Buffer.from('a-secret-value').toString('base64')}|Bearer`),
    );
  });

  it('takes nothing from the proxy settings of its own process', async () => {
    process.env['HTTPS_PROXY'] = 'http://127.0.0.1:9';
    try {
      expect((await getProject(opened.google, { project: opened.project }))?.projectNumber).toBe(opened.projectNumber);
      expect(await getSecret(opened.google, { project: opened.project, secretId: 'none' })).toBeUndefined();
      expect(await getBucket(opened.google, { bucket: 'no-such-bucket-of-ours' })).toBeUndefined();
    } finally {
      delete process.env['HTTPS_PROXY'];
    }
  });
});

describe('repeats', () => {
  const url = 'https://cloudresourcemanager.googleapis.com/v3/projects/';
  const read = () => opened.google.request({ method: 'GET', url: url + opened.project });

  it.each([408, 429, 500, 502, 503, 504])('asks again after %i', async (status) => {
    await opened.fault({ match: 'GET cloudresourcemanager', times: 2, status });
    expect(await countOf(/GET cloudresourcemanager/, read)).toBe(3);
  });

  it.each(['googleapis', 'gax', 'storage'])('asks again after an answer that broke off half-way, in %s', async (library) => {
    const { google, project } = opened;
    const calls: Record<string, () => Promise<unknown>> = {
      googleapis: () => getProject(google, { project }),
      gax: () => getSecret(google, { project, secretId: 'told' }),
      storage: () => getBucket(google, { bucket: 'a-bucket-of-tests' }),
    };
    await opened.fault({ match: 'GET ', times: 1, truncate: true });
    let found: unknown;
    const count = await countOf(/GET/, async () => {
      found = await calls[library]?.();
    });
    expect(found).toBeDefined();
    expect(count).toBe(2);
  });

  it.each(['googleapis', 'gax', 'storage'])('asks again after a broken connection, in %s', async (library) => {
    const calls: Record<string, () => Promise<unknown>> = {
      googleapis: () => getProject(opened.google, { project: opened.project }),
      gax: () => getSecret(opened.google, { project: opened.project, secretId: 'told' }),
      storage: () => getBucket(opened.google, { bucket: 'a-bucket-of-tests' }),
    };
    await opened.fault({ match: 'GET ', times: 2, reset: true });
    let found: unknown;
    const count = await countOf(/GET/, async () => {
      found = await calls[library]?.();
    });
    expect(count).toBe(3);
    expect(found).toBeDefined();
  });

  it('asks again when an answer breaks off in the middle', async () => {
    await opened.fault({ match: 'GET cloudresourcemanager', times: 1, truncate: true });
    expect(await countOf(/GET cloudresourcemanager/, read)).toBe(2);
  });

  it('gives up after six attempts, waiting longer each time', async () => {
    await opened.fault({ match: 'GET cloudresourcemanager', times: 20, status: 503 });
    opened.clock.waits.length = 0;
    const count = await countOf(/GET cloudresourcemanager/, () =>
      expect(read()).rejects.toMatchObject({ code: 'GOOGLE_UNAVAILABLE', exitStatus: 1, hint: expect.stringContaining('again') }),
    );
    expect(count).toBe(6);
    expect(opened.clock.waits).toEqual([250, 500, 1000, 2000, 4000]);
  });

  it('waits as long as Retry-After says', async () => {
    await opened.fault({ match: 'GET cloudresourcemanager', times: 1, status: 429, retryAfter: 3 });
    opened.clock.waits.length = 0;
    await read();
    expect(opened.clock.waits).toEqual([3000]);
  });

  it('does not wait for a Retry-After of an hour', async () => {
    await opened.fault({ match: 'GET cloudresourcemanager', times: 1, status: 429, retryAfter: 3600 });
    await expect(read()).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  });

  it('does not send a POST again whose answer was lost, but one that was turned away for its rate', async () => {
    const post = (id: string) => () =>
      opened.google.request({
        method: 'POST',
        url: `https://secretmanager.googleapis.com/v1/projects/${opened.project}/secrets`,
        params: { secretId: id },
        body: { replication: { automatic: {} } },
      });
    await opened.fault({ match: 'POST secretmanager', times: 1, status: 503 });
    expect(await countOf(/POST secretmanager/, () => expect(post('a')()).rejects.toThrow())).toBe(1);
    await opened.fault({ match: 'POST secretmanager', times: 1, reset: true, after: true });
    expect(await countOf(/POST secretmanager/, () => expect(post('b')()).rejects.toMatchObject({ code: 'NETWORK' }))).toBe(1);
    await opened.fault({ match: 'POST secretmanager', times: 2, status: 429 });
    expect(await countOf(/POST secretmanager/, post('c'))).toBe(3);
  });

  it('does not ask again what was refused', async () => {
    const missing = () => opened.google.request({ method: 'GET', url: `${url}no-such-project-here` });
    expect(await countOf(/GET cloudresourcemanager/, () => expect(missing()).rejects.toMatchObject({ exitStatus: 3 }))).toBe(1);
  });

  it('says in the log which attempt it was', async () => {
    opened.lines.length = 0;
    await opened.fault({ match: 'GET cloudresourcemanager', times: 1, status: 503 });
    await read();
    expect(opened.lines[0]).toMatch(/ 503 \d+ ms$/);
    expect(opened.lines[1]).toMatch(/ 200 \d+ ms \(attempt 2\)$/);
  });
});

describe('time and interruption', () => {
  it('ends an attempt that takes too long, and asks again', async () => {
    await opened.fault({ match: 'GET cloudresourcemanager', times: 1, delayMs: 5_000 });
    const url = `https://cloudresourcemanager.googleapis.com/v3/projects/${opened.project}`;
    const start = Date.now();
    await opened.google.request({ method: 'GET', url, timeoutMs: 200 });
    expect(Date.now() - start).toBeLessThan(3_000);
    await opened.fault({ match: 'GET cloudresourcemanager', times: 9, delayMs: 5_000 });
    await expect(opened.google.request({ method: 'GET', url, timeoutMs: 50 })).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
  });

  it.each(['googleapis', 'gax', 'storage'])('ends at once when interrupted, in %s', async (library) => {
    const other = await openOnSimulator();
    const { google, project } = other;
    const calls: Record<string, () => Promise<unknown>> = {
      googleapis: () => getProject(google, { project }),
      gax: () => getSecret(google, { project, secretId: 'none' }),
      storage: () => getBucket(google, { bucket: 'none-such' }),
    };
    try {
      await other.fault({ match: 'GET ', times: 1, delayMs: 20_000 });
      const start = Date.now();
      const call = calls[library]?.();
      setTimeout(() => other.interrupt.abort(new InterruptedError({ message: 'Interrupted.', hint: 'again' })), 100);
      await expect(call).rejects.toMatchObject({ code: 'INTERRUPTED', exitStatus: 130 });
      expect(Date.now() - start).toBeLessThan(3_000);
    } finally {
      await other.close();
    }
  });

  it('is interrupted while it waits to ask again', async () => {
    const other = await openOnSimulator();
    try {
      await other.fault({ match: 'GET ', times: 9, status: 503, retryAfter: 60 });
      const call = getProject(other.google, { project: other.project });
      setTimeout(() => other.interrupt.abort(), 200);
      await expect(call).rejects.toBeInstanceOf(InterruptedError);
    } finally {
      await other.close();
    }
  });

  it('lets many wait at once without a warning of Node.js', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const other = await openOnSimulator();
    await other.fault({ match: 'GET ', times: 40, status: 503 });
    const reads = Array.from({ length: 40 }, () => getProject(other.google, { project: other.project }));
    await Promise.all(reads);
    await other.close();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('shows no token in an error, nor in what caused it', async () => {
    await opened.fault({ match: 'GET ', times: 9, reset: true });
    const error = await getSecret(opened.google, { project: opened.project, secretId: 'told' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(failureOf(error)?.reasons).toEqual(['ECONNRESET']);
    const { inspect } = await import('node:util');
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(TOKEN);
  });
});
