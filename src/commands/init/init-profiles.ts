import { type Config, choicesOf, configSchema } from '../../project/config-schema.ts';
import { nameDeployment } from '../../stack/deployment.ts';
import { monthlyPrices, totalPrice } from '../../stack/prices.ts';

export const PROFILES = ['demo', 'team', 'production'] as const;
export type Profile = (typeof PROFILES)[number];

/** The sizes that a profile decides. */
export interface Sizes {
  database: Partial<Pick<Config['database'], 'tier' | 'availability'>>;
  service: Partial<Pick<Config['service'], 'memory' | 'minInstances' | 'maxInstances'>>;
}

/**
 * What a profile sets. `demo` is what stands where nothing is said. Daily backups and recovery to a point in time are part of each.
 * More instances need a machine that takes more connections: https://docs.cloud.google.com/sql/docs/postgres/flags
 */
const SIZES: Record<Profile, Sizes> = {
  demo: { database: {}, service: {} },
  team: { database: { tier: 'db-g1-small' }, service: { memory: '2Gi', maxInstances: 3 } },
  production: {
    database: { tier: 'db-custom-1-3840', availability: 'REGIONAL' },
    service: { memory: '2Gi', minInstances: 1, maxInstances: 5 },
  },
};

/** What the profile is for, for people. */
export const PROFILE_TEXTS: Record<Profile, string> = {
  demo: 'one or two people, the smallest database, sleeps while nobody asks',
  team: 'a small team, a larger database, sleeps while nobody asks',
  production: 'a second database ready in another zone, always awake',
};

/** The config with the profile's sizes wherever `said`, which is the content of mlflow-gcp.yaml, says nothing of its own. */
export function withProfile(config: Config, profile: Profile | undefined, said: Record<string, unknown> = {}): Config {
  if (profile === undefined) return config;
  const sizes = SIZES[profile];
  const spoken = (part: string): object => (said[part] ?? {}) as object;
  return {
    ...config,
    database: { ...config.database, ...without(sizes.database, spoken('database')) },
    service: { ...config.service, ...without(sizes.service, spoken('service')) },
  };
}

/** The sizes that mlflow-gcp.yaml decides otherwise, one line each. */
export function overruled(config: Config, profile: Profile): string[] {
  const wanted = withProfile(configSchema.parse({}), profile);
  const lines = (part: 'database' | 'service', keys: string[]): string[] =>
    keys
      .map((key) => ({
        key,
        is: (config[part] as Record<string, unknown>)[key],
        should: (wanted[part] as Record<string, unknown>)[key],
      }))
      .filter(({ is, should }) => is !== should)
      .map(({ key, is }) => `${part}.${key}: ${String(is)}`);
  return [...lines('database', ['tier', 'availability']), ...lines('service', ['memory', 'minInstances', 'maxInstances'])];
}

/** USD a month while idle, with these sizes; undefined where the machine is not in our table. */
export function priceOf(config: Config): number | undefined {
  // Prices follow from the sizes; the names do not matter.
  return totalPrice(monthlyPrices(nameDeployment(choicesOf(config, 'any-project'), '0')));
}

function without(sizes: object, spoken: object): object {
  return Object.fromEntries(Object.entries(sizes).filter(([key]) => !(key in spoken)));
}
