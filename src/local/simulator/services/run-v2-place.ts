import type { Call, Sim } from '../service.ts';
import { forbidden, notFound } from './refusals.ts';
import { isRegion } from './regions.ts';
import { findService, type ServicePlace, type ServiceRecord, serviceKey } from './run-records.ts';

/** From a name: `projects/P/locations/R/services/S`. */
export function placeOf(sim: Sim, name: unknown): ServicePlace {
  const [, project = '', location = '', id = ''] =
    /^projects\/([^/]+)(?:\/locations\/([^/]+))?(?:\/services\/([^/]+))?/.exec(String(name)) ?? [];
  const found = sim.findProject(project);
  if (location !== '' && location !== '-' && !isRegion(location))
    throw forbidden(`Location ${location} is not found or access is unauthorized.`);
  return { ...found, location, id };
}

/** The service that this parameter names. @throws GoogleError 404 */
export function readService(call: Call, sim: Sim, param: string): ServiceRecord {
  const service = findService(sim, serviceKey(placeOf(sim, call.params[param])));
  if (!service) throw notFound(`service "${call.params[param]}" not found`);
  return service;
}
