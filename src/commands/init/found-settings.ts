import type { Config } from '../../project/config-schema.ts';
import { engineOf } from '../../project/database-engines.ts';
import type { FoundDeployment, ServiceSizes } from '../../stack/found-deployments.ts';

/** A deployment that stands already, with what its settings are. */
export interface Standing {
  found: FoundDeployment;
  sizes: ServiceSizes | undefined;
}

/**
 * The config with the settings of what stands wherever `said`, which is the content of mlflow-gcp.yaml, says nothing of its own.
 * `withSizes` false leaves out what a profile decides.
 */
export function withStanding(
  config: Config,
  standing: Standing | undefined,
  { said = {}, withSizes = true }: { said?: Record<string, unknown> | undefined; withSizes?: boolean } = {},
): Config {
  if (standing === undefined) return config;
  const { found, sizes } = standing;
  const unsaid = (part: string, values: object) =>
    Object.fromEntries(Object.entries(values).filter(([key]) => !(key in ((said[part] ?? {}) as object))));
  return {
    ...config,
    database: { ...config.database, ...unsaid('database', databaseOf(found, withSizes)) },
    service: { ...config.service, ...unsaid('service', serviceOf(sizes, withSizes)) },
  };
}

function databaseOf({ instance }: FoundDeployment, withSizes: boolean): Partial<Config['database']> {
  if (instance === undefined) return {};
  const { databaseVersion: version, settings } = instance;
  const { tier, edition, availabilityType, dataDiskSizeGb } = settings;
  const disk = Number(dataDiskSizeGb);
  const engine = engineOf(version);
  return {
    ...(engine !== undefined && { engine }),
    version: version as Config['database']['version'],
    ...(withSizes && tier !== undefined && { tier }),
    ...((edition === 'ENTERPRISE' || edition === 'ENTERPRISE_PLUS') && { edition }),
    ...(withSizes && (availabilityType === 'ZONAL' || availabilityType === 'REGIONAL') && { availability: availabilityType }),
    ...(disk >= 10 && { diskGb: disk }),
  };
}

function serviceOf(sizes: ServiceSizes | undefined, withSizes: boolean): Partial<Config['service']> {
  if (sizes === undefined || withSizes) return sizes ?? {};
  // Who may reach the server is no question of its size.
  return sizes.ingress === undefined ? {} : { ingress: sizes.ingress };
}

/** One line on what stands, for people: `POSTGRES_18 on db-g1-small, zonal, 10 GB; server with 1 CPU, 2Gi, 0 to 3 instances`. */
export function tellStanding({ found, sizes }: Standing): string {
  const { instance } = found;
  const parts = [
    instance === undefined
      ? 'its database is not there'
      : `${instance.databaseVersion} on ${instance.settings.tier}, ${instance.settings.availabilityType?.toLowerCase()}`,
    sizes === undefined
      ? 'no server is deployed'
      : `server with ${sizes.cpu ?? '?'} CPU and ${sizes.memory ?? '?'}, ${sizes.minInstances ?? 0} to ${sizes.maxInstances ?? '?'} instances`,
  ];
  return `A deployment ${found.name} stands in ${found.region} already (${parts.join('; ')}): init goes on with it, and changes nothing but what you choose otherwise.`;
}
