import type { Service } from './service.ts';

/** Every simulated API, one module each. A new one is named here. */
export const SERVICE_MODULES: Array<() => Promise<Service[]>> = [];

export async function loadServices(): Promise<Service[]> {
  return (await Promise.all(SERVICE_MODULES.map((load) => load()))).flat();
}
