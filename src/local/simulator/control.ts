import type { Arrival } from './arrival.ts';
import type { Faults } from './faults.ts';
import { readBytes } from './request-body.ts';
import type { RequestLog } from './request-log.ts';
import type { Tokens } from './service.ts';
import { GoogleError } from './service.ts';

export interface ControlParts {
  /** Until this resolves, requests wait: what was running before is being started again. */
  ready: Promise<void>;
  faults: Faults;
  log: RequestLog;
  state(): unknown;
  reset(): Promise<void>;
  permissions: { enforced(): boolean; enforce(on: boolean): void };
  tokens: Tokens;
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
      case 'GET /_simulator/permissions':
        return send(arrival, 200, { enforce: parts.permissions.enforced() });
      case 'POST /_simulator/permissions':
        return await setPermissions(arrival, parts);
      case 'POST /_simulator/tokens':
        return await issueToken(arrival, parts);
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
  await answerTo(arrival, (spec) => ({ faults: (Array.isArray(spec) ? spec : [spec]).map((one) => faults.add(one)) }));
}

async function setPermissions(arrival: Arrival, { permissions }: ControlParts): Promise<void> {
  await answerTo(arrival, (spec) => {
    const { enforce } = spec as { enforce?: unknown };
    if (typeof enforce !== 'boolean') throw new Error('{"enforce": true} or {"enforce": false} is expected.');
    permissions.enforce(enforce);
    return { enforce };
  });
}

const PRINCIPAL = /^(?:user|serviceAccount):([^@\s]+@[^@\s]+)$/;

/** A token that stands for somebody, as a client sends it: `Authorization: Bearer TOKEN`. */
async function issueToken(arrival: Arrival, { tokens }: ControlParts): Promise<void> {
  await answerTo(arrival, (spec) => {
    const { principal, lifetimeSeconds } = spec as { principal?: unknown; lifetimeSeconds?: unknown };
    const email = typeof principal === 'string' ? PRINCIPAL.exec(principal)?.[1] : undefined;
    if (email === undefined) throw new Error('"principal" must be user:EMAIL or serviceAccount:EMAIL.');
    const token = tokens.issue(email, typeof lifetimeSeconds === 'number' ? { lifetimeSeconds } : {});
    return { token, principal, expireTime: tokens.describe(token).expireTime };
  });
}

/** 400 with the reason for what cannot be read. */
async function answerTo(arrival: Arrival, work: (spec: unknown) => unknown): Promise<void> {
  const text = (await readBytes(arrival.message, 1024 * 1024, { declared: arrival.message.headers['content-length'] })).toString(
    'utf8',
  );
  let body: unknown;
  try {
    body = work(JSON.parse(text) ?? {});
  } catch (error) {
    return send(arrival, 400, { error: (error as Error).message });
  }
  send(arrival, 200, body);
}

function send({ response, message }: Arrival, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', ...(message.complete ? {} : { connection: 'close' }) });
  response.end(`${JSON.stringify(body, null, 2)}\n`);
}
