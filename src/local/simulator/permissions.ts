import type { Call, JsonObject, Service, Sim, Store } from './service.ts';

const KIND = 'kernel.permissions';

/** Whether IAM policies decide who may do what. Off, as it starts, everybody who is signed in may do everything. */
export function isEnforced(store: Pick<Store, 'get'>): boolean {
  return store.get<{ enforce: boolean }>(KIND, 'permissions')?.enforce === true;
}

export function setEnforced(store: Pick<Store, 'put'>, enforce: boolean): void {
  store.put(KIND, 'permissions', { enforce });
}

/** Throws 403 while permissions are enforced and the caller lacks the one that the method needs. */
export function authorizeCall(services: Service[], sim: Sim, call: Call): void {
  if (!isEnforced(sim.store)) return;
  for (const service of services) service.authorize?.(sim, call);
}

/** The same for what no discovery document lists. */
export function authorizePath(
  services: Service[],
  sim: Sim,
  request: { httpMethod: string; host: string; path: string; principal: string },
): void {
  if (!isEnforced(sim.store)) return;
  for (const service of services) service.authorizePath?.(sim, request);
}

/** The answer to `testIamPermissions`, which services give as if everything were allowed: while permissions are enforced, those that are held. */
export function tested(services: Service[], sim: Sim, call: Call, answer: unknown): unknown {
  if (!call.method.endsWith('.testIamPermissions') || !isEnforced(sim.store)) return answer;
  const holder = services.find((service) => service.heldPermissions);
  const { permissions, ...rest } = (answer ?? {}) as JsonObject & { permissions?: string[] };
  const held = holder?.heldPermissions?.(sim, call, permissions ?? []) ?? [];
  return { ...rest, ...(held.length > 0 ? { permissions: held } : {}) };
}
