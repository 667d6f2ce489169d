import { isServiceBeingChanged } from './errors.ts';
import type { Google } from './google.ts';
import { type LongOperation, pollOperation, type WaitOptions } from './operations.ts';
import { isTransient, retry } from './retry.ts';

/** Google's limits: 30 names in one read, 20 in one batch. https://docs.cloud.google.com/service-usage/docs/reference/rest/v1/services */
const READ_AT_ONCE = 30;
const ENABLE_AT_ONCE = 20;

/**
 * Which of these services (`run.googleapis.com`) are enabled in the project. `projectNumber` is the number, because full service
 * names carry it. https://docs.cloud.google.com/service-usage/docs/reference/rest/v1/services/batchGet
 */
export async function enabledServices(google: Google, args: { projectNumber: string; services: string[] }): Promise<Set<string>> {
  const parent = `projects/${args.projectNumber}`;
  const api = await google.apis.serviceusage();
  const answers = await Promise.all(
    chunks(args.services, READ_AT_ONCE).map((part) =>
      api.services.batchGet({ parent, names: part.map((name) => `${parent}/services/${name}`) }),
    ),
  );
  const enabled = answers.flatMap((answer) => answer.data.services ?? []).filter((service) => service.state === 'ENABLED');
  return new Set(enabled.map((service) => service.config?.name ?? lastPart(service.name ?? '')));
}

/**
 * Enables the services and waits until Google says that it is done; enabling an enabled service changes nothing. A call to the
 * service may still be refused for some minutes: the transport asks again. Batches are enabled one after another, because a second
 * activation at the same time is refused; a batch is all or nothing.
 * https://docs.cloud.google.com/service-usage/docs/reference/rest/v1/services/batchEnable
 */
export async function enableServices(
  google: Google,
  args: { projectNumber: string; services: string[] } & WaitOptions,
): Promise<void> {
  for (const serviceIds of chunks(args.services, ENABLE_AT_ONCE)) {
    await google.serialise(`serviceusage:${args.projectNumber}`, () => enableBatch(google, args, serviceIds));
  }
}

async function enableBatch(google: Google, args: { projectNumber: string } & WaitOptions, serviceIds: string[]): Promise<void> {
  const api = await google.apis.serviceusage();
  // Asking twice for the same is harmless, so a lost answer is asked again.
  const start = () => api.services.batchEnable({ parent: `projects/${args.projectNumber}`, requestBody: { serviceIds } });
  const started = await retry(google, start, {
    when: (error) => isTransient(error) || isServiceBeingChanged(error),
    timeoutMs: 300_000,
  });
  await pollOperation(google, {
    what: `enabling ${serviceIds.join(', ')}`,
    started: started.data as LongOperation,
    read: async (name) => (await api.operations.get({ name })).data as LongOperation,
    ...args,
  });
  google.noteEnabled(serviceIds);
}

/** Cuts a list into parts of at most `size`. */
function chunks<T>(list: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
