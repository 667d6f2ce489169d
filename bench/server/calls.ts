import { http1 } from '../../test/templates/support/http.ts';
import { AUTHORIZATION } from '../../test/templates/support/server.ts';

const headers = { authorization: AUTHORIZATION, 'content-type': 'application/json' };

/** A run to log metrics to, made on the server at `port`. */
export async function createRun(port: number): Promise<string> {
  const answer = await post(port, 'runs/create', { experiment_id: '0' });
  return (JSON.parse(answer) as { run: { info: { run_id: string } } }).run.info.run_id;
}

/** Logs `calls` metrics from `clients` connections at once and returns how many went through a second. */
export async function logMetrics(port: number, run: string, calls: number, clients: number): Promise<number> {
  const began = performance.now();
  await Promise.all(Array.from({ length: clients }, (_, client) => logSome(port, run, calls / clients, client)));
  return calls / ((performance.now() - began) / 1000);
}

async function logSome(port: number, run: string, calls: number, name: number): Promise<void> {
  const client = http1(port);
  for (let step = 0; step < calls; step++) {
    const metric = { run_id: run, key: `metric-${name}`, value: step, step, timestamp: Date.now() };
    const body = Buffer.from(JSON.stringify(metric));
    const { status } = await client.ask({ method: 'POST', path: '/api/2.0/mlflow/runs/log-metric', headers, body });
    if (status !== 200) throw new Error(`log-metric answered ${status}`);
  }
  client.close();
}

async function post(port: number, name: string, value: unknown): Promise<string> {
  const client = http1(port);
  const body = Buffer.from(JSON.stringify(value));
  const answer = await client.ask({ method: 'POST', path: `/api/2.0/mlflow/${name}`, headers, body });
  client.close();
  return answer.body.toString();
}
