import type { CommandSpec } from '../../src/commands/command.ts';
import { GoogleError, type GoogleErrorFacts, type Service } from '../../src/local/simulator/service.ts';
import { loadServices } from '../../src/local/simulator/services.ts';
import { type Outcome, runInMemory } from '../support/program.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';

/** What the scenarios of a file share. */
export interface Stage {
  simulator: TestSimulator;
  /** Makes the program take the simulator for Google Cloud. */
  env: Record<string, string>;
  /** What methods answer in place of what they would, by their ids: `cloudresourcemanager.projects.get`. */
  instead: Map<string, GoogleErrorFacts | ((answer: Record<string, unknown>) => unknown)>;
}

/** Brings the program to end with this code. */
export interface Scenario {
  code: string;
  run(stage: Stage): Promise<Outcome>;
}

export async function openStage(): Promise<Stage> {
  const instead: Stage['instead'] = new Map();
  const services = (await loadServices()).map((service) => replaceable(service, instead));
  const simulator = await startTestSimulator({ services });
  const { projectId } = simulator.project;
  const enabled = `https://serviceusage.googleapis.com/v1/projects/${projectId}/services/secretmanager.googleapis.com:enable`;
  await simulator.call('POST', enabled, {});
  const env = {
    PATH: process.env['PATH'] ?? '',
    HTTPS_PROXY: simulator.url,
    NODE_EXTRA_CA_CERTS: simulator.ca,
    CLOUDSDK_AUTH_ACCESS_TOKEN: 'token-of-a-person',
    GOOGLE_CLOUD_PROJECT: simulator.project.projectId,
  };
  return { simulator, env, instead };
}

function replaceable(service: Service, instead: Stage['instead']): Service {
  const methods = Object.entries(service.methods ?? {}).map(([id, handler]): [string, typeof handler] => [
    id,
    async (call, sim) => {
      const other = instead.get(id);
      if (other === undefined) return handler(call, sim);
      if (typeof other !== 'function') throw new GoogleError(other);
      return other((await handler(call, sim)) as Record<string, unknown>) as Awaited<ReturnType<typeof handler>>;
    },
  ]);
  return { ...service, methods: Object.fromEntries(methods) };
}

/** A command line in this process, with further variables. */
export function line(code: string, args: string[], env: Record<string, string> = {}, cwd?: string): Scenario {
  return {
    code,
    run: (stage) => runInMemory([...args, '--json'], {}, { env: { ...stage.env, ...env }, ...(cwd !== undefined && { cwd }) }),
  };
}

/** What Google answers to one method while the command runs. */
export function refused(code: string, method: string, facts: GoogleErrorFacts, args = ['status']): Scenario {
  return {
    code,
    async run(stage) {
      stage.instead.set(method, facts);
      try {
        return await line(code, args).run(stage);
      } finally {
        stage.instead.delete(method);
      }
    },
  };
}

/** A command whose work is this, for what can happen in any of them. */
export function during(code: string, work: () => unknown): Scenario {
  const spec = {
    name: 'work',
    summary: 'Work',
    examples: [],
    options: {},
    load: async () => ({
      run: async () => {
        await work();
        return { data: {}, show: [] };
      },
    }),
  } as unknown as CommandSpec;
  return { code, run: () => runInMemory(['work', '--json'], { commands: [spec] }) };
}
