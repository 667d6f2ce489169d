import { readFileSync } from 'node:fs';
import { type Google, type OpenGoogleOptions, openGoogle } from '../../src/gcp/google.ts';
import { type Clock, systemClock } from '../../src/gcp/retry.ts';
import type { Target } from '../../src/target.ts';
import { startTestSimulator, type TestOptions, type TestSimulator } from '../support/simulator.ts';

export const TOKEN = 'ya29.a-token-that-must-not-be-shown';

/** A target that is reached through the proxy on this port of this machine. */
export function proxyTarget(port: number, authorities: string[], changes: Partial<Target> = {}): Target {
  return {
    kind: 'local',
    proxyFor: () => new URL(`http://127.0.0.1:${port}`),
    authorities,
    accessToken: TOKEN,
    defaultProject: undefined,
    reachableUrl: async (url) => url,
    reachableDatabase: async () => undefined,
    childEnvironment: () => ({}),
    ...changes,
  };
}

/** A clock that remembers the waits it was asked for and makes each a tenth as long, so that a test with repeats is over soon. */
export function hurriedClock(): Clock & { waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    now: systemClock.now,
    random: () => 0.5,
    sleep(ms, signal) {
      waits.push(ms);
      return systemClock.sleep(ms / 10, signal);
    },
  };
}

export interface Opened {
  google: Google;
  simulator: TestSimulator;
  project: string;
  projectNumber: string;
  clock: ReturnType<typeof hurriedClock>;
  /** The lines of the request log. */
  lines: string[];
  interrupt: AbortController;
  fault(spec: Record<string, unknown>): Promise<void>;
  /** What the simulator was asked since it started, `METHOD host/path`, its own control paths left out. */
  requests(): Promise<Array<{ call: string; status: number; userAgent: string }>>;
  enable(...services: string[]): Promise<void>;
  close(): Promise<void>;
}

/** A simulator, and Google Cloud opened on it through its proxy alone. */
export async function openOnSimulator(
  options: { simulator?: TestOptions; google?: Partial<OpenGoogleOptions> } = {},
): Promise<Opened> {
  const simulator = await startTestSimulator(options.simulator);
  const lines: string[] = [];
  const clock = hurriedClock();
  const interrupt = new AbortController();
  const google = openGoogle({
    target: proxyTarget(simulator.port, [readFileSync(simulator.ca, 'utf8')]),
    userAgent: 'mlflow-gcp/9.9.9',
    log: (line) => lines.push(line),
    signal: interrupt.signal,
    clock,
    ...options.google,
  });
  const { projectId: project, projectNumber } = simulator.project;
  return {
    google,
    simulator,
    project,
    projectNumber,
    clock,
    lines,
    interrupt,
    async fault(spec) {
      const answer = await simulator.control('POST', '/_simulator/faults', spec);
      if (answer.status >= 300) throw new Error(answer.bytes.toString());
    },
    async requests() {
      const { bytes } = await simulator.control('GET', '/_simulator/requests');
      return bytes
        .toString()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { method: string; host: string; path: string; status: number; userAgent: string })
        .map(({ method, host, path, status, userAgent }) => ({ call: `${method} ${host}${path}`, status, userAgent }));
    },
    async enable(...services) {
      const { enableServices } = await import('../../src/gcp/serviceusage.ts');
      await enableServices(google, { projectNumber, services: services.map((name) => `${name}.googleapis.com`) });
    },
    async close() {
      google.close();
      await simulator.remove();
    },
  };
}
