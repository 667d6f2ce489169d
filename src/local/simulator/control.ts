import type { Arrival } from './arrival.ts';
import type { Faults } from './faults.ts';
import { readBytes } from './request-body.ts';
import type { RequestLog } from './request-log.ts';
import { GoogleError } from './service.ts';

export interface ControlParts {
  /** Until this resolves, requests wait: what was running before is being started again. */
  ready: Promise<void>;
  faults: Faults;
  log: RequestLog;
  state(): unknown;
  reset(): Promise<void>;
}

/** The simulator's own endpoints under `/_simulator/`. Never throws. */
export async function control(arrival: Arrival, parts: ControlParts): Promise<void> {
  const { message, path, query } = arrival;
  try {
    switch (`${message.method} ${path}`) {
      case 'GET /_simulator/requests':
        return await parts.log.sendTo(arrival.response, query.has('follow'));
      case 'GET /_simulator/state':
        return send(arrival, 200, parts.state());
      case 'GET /_simulator/faults':
        return send(arrival, 200, { faults: parts.faults.list() });
      case 'POST /_simulator/faults':
        return await addFaults(arrival, parts);
      case 'DELETE /_simulator/faults':
        parts.faults.clear();
        return send(arrival, 200, {});
      case 'POST /_simulator/reset':
        await parts.reset();
        return send(arrival, 200, {});
      default:
        return send(arrival, 404, { error: `There is no ${message.method} ${path} here.` });
    }
  } catch (error) {
    send(arrival, error instanceof GoogleError ? error.facts.code : 500, {
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

async function addFaults(arrival: Arrival, { faults }: ControlParts): Promise<void> {
  const text = (await readBytes(arrival.message, 1024 * 1024, arrival.message.headers['content-length'])).toString('utf8');
  try {
    const spec: unknown = JSON.parse(text);
    send(arrival, 200, { faults: (Array.isArray(spec) ? spec : [spec]).map((one) => faults.add(one)) });
  } catch (error) {
    send(arrival, 400, { error: (error as Error).message });
  }
}

function send({ response, message }: Arrival, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', ...(message.complete ? {} : { connection: 'close' }) });
  response.end(`${JSON.stringify(body, null, 2)}\n`);
}
