import type { Service } from './service.ts';

/** Every simulated API, one module each. A new one is named here. */
export const SERVICE_MODULES: Array<() => Promise<Service[]>> = [
  async () => [(await import('./services/storage.ts')).storage],
  async () => [(await import('./services/artifactregistry.ts')).artifactregistry],
  async () => [(await import('./services/docker-registry.ts')).dockerRegistry],
];

export async function loadServices(): Promise<Service[]> {
  return (await Promise.all(SERVICE_MODULES.map((load) => load()))).flat();
}
