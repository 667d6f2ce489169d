import type { Answer, TestSimulator } from '../../support/simulator.ts';
import { PROJECT } from './checked-simulator.ts';

export const SQL = `https://sqladmin.googleapis.com/v1/projects/${PROJECT}`;
export const INSTANCES = `${SQL}/instances`;

/** A body that Cloud SQL accepts. */
export function body(name: string, settings: object = {}, others: object = {}): object {
  return {
    name,
    region: 'europe-west3',
    databaseVersion: 'POSTGRES_18',
    settings: { tier: 'db-f1-micro', edition: 'ENTERPRISE', ...settings },
    ...others,
  };
}

const PATIENCE_MS = 50_000;

/** Waits until an operation is done and returns it. */
export async function finished(sim: TestSimulator, started: Answer): Promise<Answer['body']> {
  if (started.status !== 200) throw new Error(`${started.status} ${JSON.stringify(started.body)}`);
  const url = `${SQL}/operations/${started.body.name ?? started.body.operation.name}`;
  // A real database may stand behind it, on a machine that is busy.
  for (const deadline = Date.now() + PATIENCE_MS; ; ) {
    const { body: operation } = await sim.call('GET', url);
    if (operation.status === 'DONE') return operation;
    if (Date.now() > deadline) throw new Error(`${url} stayed as ${JSON.stringify(operation)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Makes an instance and returns it as it then is. */
export async function makeInstance(
  sim: TestSimulator,
  name: string,
  settings: object = {},
  others: object = {},
): Promise<Answer['body']> {
  await finished(sim, await sim.call('POST', INSTANCES, body(name, settings, others)));
  return (await sim.call('GET', `${INSTANCES}/${name}`)).body;
}

/** What a refusal comes down to. */
export function refusal({ status, body: { error } }: Answer): [number, string, string] {
  return [status, error?.errors?.[0]?.reason, error?.message];
}
