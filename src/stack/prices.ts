import type { Deployment } from './deployment.ts';

/**
 * List prices in USD a month of 730 hours, us-central1, as published on this day. Other regions differ by up to about 40 %.
 * https://cloud.google.com/sql/pricing https://cloud.google.com/run/pricing https://cloud.google.com/secret-manager/pricing
 */
export const PRICES_AS_OF = '2026-11';
const HOURS = 730;
const SECONDS = HOURS * 3600;
const SHARED_CORE: Record<string, number> = { 'db-f1-micro': 0.0105 * HOURS, 'db-g1-small': 0.035 * HOURS };
const SSD_PER_GB = 0.17;
const IDLE_PER_CPU_SECOND = 0.0000025;
const IDLE_PER_GIB_SECOND = 0.0000025;
const SECRET_VERSION = 0.06;
const FREE_SECRET_VERSIONS = 6;

export interface Price {
  item: string;
  /** USD a month; undefined where the tier is not in our table. */
  usd: number | undefined;
  assumption: string;
}

/** What the deployment costs while it stands idle; use is billed on top. */
export function monthlyPrices(deployment: Deployment): Price[] {
  const { database, service } = deployment;
  const copies = database.availability === 'REGIONAL' ? 2 : 1;
  const tier = tierPrice(database.tier);
  const idle =
    service.minInstances * SECONDS * (cpus(service.cpu) * IDLE_PER_CPU_SECOND + gibibytes(service.memory) * IDLE_PER_GIB_SECOND);
  const versions = Object.keys(deployment.secrets).length;
  return [
    {
      item: 'Cloud SQL instance',
      usd: tier === undefined ? undefined : tier * copies,
      assumption: `${database.tier}, ${database.availability.toLowerCase()}, always on`,
    },
    {
      item: 'Cloud SQL storage',
      usd: database.diskGb * SSD_PER_GB * copies,
      assumption: `${database.diskGb} GB SSD, backups (0.08 a GB) not counted`,
    },
    {
      item: 'Cloud Run',
      usd: idle,
      assumption:
        service.minInstances === 0 ? 'scales to zero; use within the free tier' : `${service.minInstances} idle instance(s)`,
    },
    {
      item: 'Secret Manager',
      usd: Math.max(0, versions - FREE_SECRET_VERSIONS) * SECRET_VERSION,
      assumption: `${versions} versions, 6 free`,
    },
    { item: 'Storage and images', usd: 0, assumption: '0.020 a GB of artifacts, 0.10 a GB of images above 0.5 GB' },
  ];
}

/** The sum in USD a month; undefined where one of the prices is not known. */
export function totalPrice(prices: Price[]): number | undefined {
  return prices.reduce<number | undefined>((sum, { usd }) => (sum === undefined || usd === undefined ? undefined : sum + usd), 0);
}

function tierPrice(tier: string): number | undefined {
  const custom = /^db-custom-(\d+)-(\d+)$/.exec(tier);
  if (custom) return (Number(custom[1]) * 0.0413 + (Number(custom[2]) / 1024) * 0.007) * HOURS;
  return SHARED_CORE[tier];
}

/** `1`, `2`, or thousandths: `500m`. */
function cpus(text: string): number {
  return text.endsWith('m') ? Number.parseInt(text, 10) / 1000 : Number(text);
}

/** `512Mi`, `1Gi`. */
function gibibytes(text: string): number {
  return text.endsWith('Mi') ? Number.parseInt(text, 10) / 1024 : Number.parseInt(text, 10);
}
