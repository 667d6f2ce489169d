import type { RequestListener } from 'node:http';
import type { RevisionLine, RunRuntime } from '../../runtime-port.ts';
import type { Build } from '../build/build-runtime.ts';
import type { ProcessRegister } from '../process-register.ts';
import { refuse, refuseUpgrade } from './proxy.ts';
import { ServiceRunner } from './service-runner.ts';

/** Whose metadata server it is. */
export interface ContainerIdentity {
  /** The service or the job: `projects/P/locations/R/services/S`. */
  resource: string;
  serviceAccount: string;
}

export interface RunOptions {
  findBuild(digest: string): Build | undefined;
  /** What revisions write, while they run. */
  folder: string;
  logs: string;
  doorsFile: string;
  register: ProcessRegister;
  /** The user's PATH: bash is found on it. */
  systemPath: string;
  /** Known when the first revision starts. */
  simulator(): { port: number; caFile: string };
  socketPath(connectionName: string): string | undefined;
  metadata(container: ContainerIdentity): RequestListener;
  /** A line about something unusual, for the background process's log. */
  note(line: string): void;
  now(): Date;
}

/** The same, for the containers of services. */
export type ServiceOptions = RunOptions & { onLine(line: RevisionLine): void };

export interface LocalRunRuntime extends RunRuntime {
  stopAll(): Promise<void>;
  /** Digests of the images that run. */
  images(): Set<string>;
}

/** Cloud Run's stand-in: each service's processes on this machine, and the ways to the revision that serves. */
export function runRuntime(options: RunOptions): LocalRunRuntime {
  const services = new Map<string, ServiceRunner>();
  let listener: ((line: RevisionLine) => void) | undefined;
  const serviceOptions: ServiceOptions = { ...options, onLine: (line) => listener?.(line) };
  const runnerOf = (name: string): ServiceRunner => {
    const runner = services.get(name) ?? new ServiceRunner(name, serviceOptions);
    services.set(name, runner);
    return runner;
  };
  return {
    start: (revision) => runnerOf(revision.service).start(revision),
    serve: (service, revision) => runnerOf(service).serve(revision),
    async remove(service) {
      const runner = runnerOf(service);
      services.delete(service);
      await runner.stop();
      runner.forget();
    },
    forward(service, request, response) {
      const runner = services.get(service);
      if (runner === undefined) refuse(response, 503, 'The service is not ready to serve.');
      else runner.forward(request, response);
    },
    upgrade(service, request, socket, head) {
      const runner = services.get(service);
      if (runner === undefined) refuseUpgrade(socket, 503, 'Service Unavailable');
      else runner.upgrade(request, socket, head);
    },
    loopbackUrl: (service) => services.get(service)?.loopbackUrl(),
    onLine: (named) => {
      listener = named;
    },
    async stopAll() {
      const all = [...services.values()];
      services.clear();
      await Promise.all(all.map((runner) => runner.stop()));
    },
    images: () => new Set([...services.values()].flatMap((runner) => runner.images())),
  };
}

/** `sha256:…` of an image by its digest. */
export function digestOf(image: string): string {
  return image.slice(image.lastIndexOf('@') + 1);
}
