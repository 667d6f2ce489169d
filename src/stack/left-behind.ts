import { listRepositories } from '../gcp/artifact-registry.ts';
import { listBuckets } from '../gcp/buckets.ts';
import { isPermissionDenied, isServiceDisabled } from '../gcp/errors.ts';
import type { Google } from '../gcp/google.ts';
import { deploymentLabels } from '../gcp/labels.ts';
import { listServices } from '../gcp/run.ts';
import { listSecrets } from '../gcp/secrets.ts';
import { listInstances, type SqlInstance } from '../gcp/sql.ts';
import { listBackups, type SqlBackup } from '../gcp/sql-backups.ts';
import type { Deployment } from './deployment.ts';
import { monthlyPrices, totalPrice } from './prices.ts';
import { settle } from './settle.ts';

/** Something of the deployment's that is there, and what that costs. */
export interface Left {
  title: string;
  /** Id of its resource in the stack; undefined for what belongs to none, such as a backup. */
  id?: string;
  /** USD a month; undefined where it depends on how much is in it. */
  usd?: number | undefined;
  /** What it costs in words. */
  cost: string;
}

/** What a look through the project found, by the deployment's labels. */
export interface Listing {
  left: Left[];
  /** Kinds that the caller may not list: nothing is known of them. */
  unseen: string[];
}

/**
 * Lists what there is of the deployment that can cost money, as Google's own lists tell it: instances with their backups, services,
 * buckets, secrets, repositories. Accounts, roles and enabled services cost nothing.
 */
export async function listLeft(google: Google, deployment: Deployment): Promise<Listing> {
  const { project, region, sqlInstance } = deployment;
  const labels = deploymentLabels(deployment.name);
  const unseen: string[] = [];
  const listed = async <T>(kind: string, list: Promise<T[]>, toLeft: (one: T) => Left): Promise<Left[]> => {
    try {
      return (await list).map(toLeft);
    } catch (error) {
      // A service that is off holds nothing.
      if (isServiceDisabled(error)) return [];
      if (!isPermissionDenied(error)) throw error;
      unseen.push(kind);
      return [];
    }
  };
  const found = await settle([
    listed('Cloud Run services', listServices(google, { project, region, labels }), ({ service }) => ({
      title: `Cloud Run service ${service}`,
      id: 'run-service',
      cost: 'by use',
    })),
    listed('Cloud SQL instances', listInstances(google, { project, labels }), (one) => instanceLeft(one, deployment)),
    listed('Cloud SQL backups', listBackups(google, { project, instance: sqlInstance }), backupLeft),
    listed('buckets', listBuckets(google, { project, labels }), ({ name }) => ({
      title: `Bucket ${name}`,
      id: name === deployment.artifactBucket ? 'artifact-bucket' : 'build-bucket',
      cost: '0.020 a GB',
    })),
    listed('secrets', listSecrets(google, { project, labels }), ({ secretId }) => secretLeft(secretId, deployment)),
    listed('Artifact Registry repositories', listRepositories(google, { project, location: region, labels }), ({ name }) => ({
      title: `Artifact Registry repository ${name.split('/').at(-1)}`,
      id: 'repository',
      cost: '0.10 a GB above 0.5 GB',
    })),
  ]);
  return { left: found.flat(), unseen };
}

/** With the machine that it has, whatever the file says. */
function instanceLeft({ name, settings }: SqlInstance, deployment: Deployment): Left {
  const { database } = deployment;
  const actual = {
    ...database,
    tier: settings.tier ?? database.tier,
    availability: settings.availabilityType === 'REGIONAL' ? ('REGIONAL' as const) : ('ZONAL' as const),
    diskGb: Number(settings.dataDiskSizeGb ?? database.diskGb),
  };
  const prices = monthlyPrices({ ...deployment, database: actual }).filter(({ item }) => item.startsWith('Cloud SQL'));
  const running = prices.filter(({ item }) => item !== 'Cloud SQL instance' || settings.activationPolicy !== 'NEVER');
  return {
    title: `Cloud SQL instance ${name}`,
    id: 'sql-instance',
    usd: totalPrice(running),
    cost: `${actual.tier}, ${actual.diskGb} GB`,
  };
}

function backupLeft({ name, type, expiryTime, maxChargeableBytes }: SqlBackup): Left {
  const gb = maxChargeableBytes === undefined ? undefined : Number(maxChargeableBytes) / 1024 ** 3;
  const until = expiryTime === undefined ? '' : `, gone by itself on ${expiryTime.slice(0, 10)}`;
  return {
    title: `Cloud SQL backup ${name.split('/').at(-1)} (${(type ?? 'backup').toLowerCase()})`,
    ...(gb !== undefined && { usd: gb * 0.08 }),
    cost: `0.08 a GB${until}`,
  };
}

function secretLeft(secretId: string, { secrets }: Deployment): Left {
  const key = Object.entries(secrets).find(([, id]) => id === secretId)?.[0];
  return { title: `Secret ${secretId}`, ...(key !== undefined && { id: `secret-${key}` }), cost: '0.06 a version above 6' };
}
