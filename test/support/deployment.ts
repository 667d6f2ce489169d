import { onTestFinished } from 'vitest';
import { type Outcome, runChild } from './program.ts';
import { lockedFolder } from './project-folder.ts';
import { startTestSimulator, type TestOptions, type TestSimulator } from './simulator.ts';

export interface LoggedRequest {
  time: string;
  method: string;
  host: string;
  path: string;
  status: number;
  durationMs: number;
}

/** The built program and a simulator, which it takes for the real Google Cloud: proxy, authority and token come from the environment. */
export interface Cloud {
  simulator: TestSimulator;
  folder: string;
  /** What makes the program take the simulator for Google Cloud. */
  env: Record<string, string>;
  run(...args: string[]): Promise<Outcome>;
  requests(): Promise<LoggedRequest[]>;
  fault(fault: Record<string, unknown>): Promise<void>;
}

export async function startCloud(options: TestOptions = {}): Promise<Cloud> {
  const [simulator, folder] = await Promise.all([startTestSimulator(options), lockedFolder()]);
  onTestFinished(() => simulator.remove());
  const env = {
    HTTPS_PROXY: simulator.url,
    NODE_EXTRA_CA_CERTS: simulator.ca,
    CLOUDSDK_AUTH_ACCESS_TOKEN: 'token-of-a-person',
  };
  const unattended = { ...env, GOOGLE_CLOUD_PROJECT: simulator.project.projectId, CI: 'true' };
  return {
    simulator,
    folder,
    env,
    run: (...args) => runChild(args, { env: unattended, cwd: folder }),
    async requests() {
      const { bytes } = await simulator.control('GET', '/_simulator/requests');
      // The last piece is empty, or a line that is being written.
      const lines = bytes.toString('utf8').split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as LoggedRequest);
    },
    async fault(fault) {
      const { status } = await simulator.control('POST', '/_simulator/faults', fault);
      if (status >= 300) throw new Error(`the simulator refused the fault with ${status}`);
    },
  };
}

/** Requests that change nothing: reads, and the reads that Google spells as POST. */
export function isRead({ method, path }: LoggedRequest): boolean {
  return (
    method === 'GET' ||
    method === 'HEAD' ||
    /:(?:getIamPolicy|testIamPermissions|access|batchGet)(?:\?|$)|^\/tokeninfo/.test(path)
  );
}
