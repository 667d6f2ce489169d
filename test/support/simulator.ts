import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Method } from '../../src/local/simulator/discovery.ts';
import type { Service } from '../../src/local/simulator/service.ts';
import { loadServices } from '../../src/local/simulator/services.ts';
import type { Simulator, SimulatorOptions } from '../../src/local/simulator/simulator.ts';
import { startSimulator } from '../../src/local/simulator/simulator.ts';
import { misfits } from './answer-shape.ts';

export const DISCOVERY_DIR = join(import.meta.dirname, '../../src/local/simulator/discovery');

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Undefined where the answer is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every form.
  body: any;
  bytes: Buffer;
}
export interface CallOptions {
  /** Default: a bearer token that the simulator knows nothing of. `null`: none. */
  token?: string | null;
  headers?: Record<string, string>;
}

/** A simulator in this process with a folder of its own, at full speed unless told otherwise. */
export interface TestSimulator extends Simulator {
  dataDir: string;
  /** Asks for `https://HOST/PATH` as a client with the proxy's plain door does. An object is sent as JSON, anything else as it is. */
  call(method: string, url: string, body?: unknown, options?: CallOptions): Promise<Answer>;
  /** Asks for a `/_simulator/` path. */
  control(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Repeats the GET until `done` says yes of its body; fails after ten seconds. */
  until(url: string, done: (body: Answer['body']) => boolean): Promise<Answer>;
  /** Errors of the simulator itself, which a test may expect to be none. */
  bugs: unknown[];
  /** Answers that are not as Google's discovery document says, each once: method, place and what is wrong. */
  misshapen: Set<string>;
  /** Stops it and starts another on the same folder. */
  restart(): Promise<void>;
  /** Stops it and deletes its folder. Fails when an answer was misshapen. */
  remove(): Promise<void>;
}

export type TestOptions = Partial<Omit<SimulatorOptions, 'dataDir' | 'services'>> & { services?: Service[] };

export async function startTestSimulator(options: TestOptions = {}): Promise<TestSimulator> {
  const dataDir = await mkdtemp(join(tmpdir(), 'simulator-'));
  const bugs: unknown[] = [];
  const misshapen = new Set<string>();
  const onAnswer = (method: Method, body: unknown): void => {
    const { response } = method.table;
    if (response === undefined) return;
    for (const misfit of misfits(JSON.parse(JSON.stringify(body)), { ref: response }, method.document))
      misshapen.add(`${method.version} ${method.id}: ${misfit}`);
  };
  const services = options.services ?? (await loadServices());
  const start = (): Promise<Simulator> =>
    startSimulator({
      port: 0,
      discoveryDir: DISCOVERY_DIR,
      speed: 100_000,
      onBug: (error) => bugs.push(error),
      onAnswer,
      ...options,
      dataDir,
      services,
    });
  const running = await start();
  const self: TestSimulator = {
    ...running,
    dataDir,
    bugs,
    misshapen,
    call: (method, url, body, callOptions) => callSimulator(self.port, method, url, body, callOptions),
    control: (method, path, body) => callSimulator(self.port, method, `http://127.0.0.1${path}`, body, { token: null }),
    async until(url, done) {
      for (const deadline = Date.now() + 10_000; ; ) {
        const answer = await self.call('GET', url);
        if (done(answer.body)) return answer;
        if (Date.now() > deadline) throw new Error(`${url} stayed as ${answer.status} ${answer.bytes.toString()}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async restart() {
      await self.stop();
      Object.assign(self, await start());
    },
    async remove() {
      await self.stop();
      await rm(dataDir, { recursive: true, force: true });
      if (misshapen.size > 0) throw new Error(`Answers that Google would not give:\n${[...misshapen].join('\n')}`);
    },
  };
  return self;
}

/** One request to a simulator on this port, whichever process it is in. */
export function callSimulator(
  port: number,
  method: string,
  url: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<Answer> {
  const [, host = '', path = '/'] = /^https?:\/\/([^/?]+)(.*)$/.exec(url) ?? [];
  const token = options.token === undefined ? 'anybody' : options.token;
  const payload =
    body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const headers: Record<string, string | number> = {
    host,
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method, path: path || '/', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, body: parsed(bytes) });
      });
    });
    call.setTimeout(20_000, () => call.destroy(new Error(`no answer to ${method} ${url} in 20 s`)));
    call.on('error', reject);
    call.end(payload);
  });
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
