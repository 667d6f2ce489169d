import { UserError } from '../../errors.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { monthlyPrices, PRICES_AS_OF, type Price, totalPrice } from '../../stack/prices.ts';
import type { Block, CommandResult } from '../../ui/ui.ts';
import type { Look } from './look.ts';

/** One look as the command's result. `wait`: a server that is not deployed is a failure too. */
export function report(deployment: Deployment, look: Look, wait: boolean): CommandResult {
  const { resources, service, server } = look;
  const prices = pricesOf(deployment, look);
  const failure = server.problem ?? (wait && server.state === 'not deployed' ? notDeployed(deployment) : undefined);
  return {
    data: {
      project: deployment.project,
      region: deployment.region,
      name: deployment.name,
      url: deployment.url,
      trackingUri: server.trackingUri,
      server: server.state,
      revision: service?.latestReadyRevision,
      urls: service?.urls ?? [],
      resources,
      prices: { currency: 'USD', per: 'month', asOf: PRICES_AS_OF, items: prices, total: totalPrice(prices) },
    },
    show: statusBlocks(deployment, look),
    ...(failure && { failure }),
  };
}

/** For people: each resource, then address, server and costs. */
export function statusBlocks(deployment: Deployment, look: Look): Block[] {
  const { resources, server } = look;
  const rows = resources.map(({ title, state, differences, note }) => [
    title,
    state,
    [...differences, note ?? []].flat().join('; '),
  ]);
  const elsewhere = server.trackingUri !== undefined && server.trackingUri !== deployment.url;
  const here: Array<[string, string]> = elsewhere ? [['On this machine', server.trackingUri ?? '']] : [];
  return [
    { kind: 'table', head: ['Resource', 'State', 'Details'], rows },
    {
      kind: 'pairs',
      pairs: [['URL', deployment.url], ...here, ['Server', server.state], ['A month', costs(pricesOf(deployment, look))]],
    },
  ];
}

/** What is not there costs nothing, and an instance that is stopped costs its storage alone. */
function pricesOf(deployment: Deployment, { resources, service }: Look): Price[] {
  const instance = resources.find(({ id }) => id === 'sql-instance')?.state;
  return monthlyPrices(deployment).filter(({ item }) => {
    if (item === 'Cloud SQL instance' && instance === 'stopped') return false;
    if (item.startsWith('Cloud SQL')) return instance !== 'missing';
    return item !== 'Cloud Run' || service !== undefined;
  });
}

function costs(prices: Price[]): string {
  const total = totalPrice(prices);
  const parts = prices
    .filter(({ usd }) => usd !== 0)
    .map(({ item, usd }) => `${item} ${usd === undefined ? '?' : usd.toFixed(2)}`);
  const sum = total === undefined ? 'not known' : `USD ${total.toFixed(2)}`;
  return `${sum}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}; list prices of ${PRICES_AS_OF} in us-central1, while idle`;
}

function notDeployed(deployment: Deployment): UserError {
  return new UserError({
    code: 'NOT_DEPLOYED',
    message: `Service ${deployment.service.name} in ${deployment.project}, ${deployment.region} is not deployed.`,
    hint: 'Deploy it with: mlflow-gcp deploy',
  });
}
