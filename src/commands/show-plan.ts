import type { Deployment } from '../stack/deployment.ts';
import type { Plan } from '../stack/plan.ts';
import { monthlyPrices, PRICES_AS_OF, totalPrice } from '../stack/prices.ts';
import type { Block } from '../ui/ui.ts';

const MARKS = { create: '+', update: '~', unchanged: '=', adopt: '&' } as const;

/** A plan for people: what would happen to each resource, what it costs a month, how long it usually takes. */
export function planBlocks(plan: Plan, deployment: Deployment): Block[] {
  const rows = plan.items.map(({ resource, observation }) => [
    MARKS[observation.action],
    resource.title,
    observation.action,
    detail([...observation.differences, observation.note ?? []].flat()),
  ]);
  const prices = monthlyPrices(deployment);
  const total = totalPrice(prices);
  const blocks: Block[] = [
    { kind: 'text', text: `Deployment ${deployment.name} in project ${deployment.project}, region ${deployment.region}:` },
    { kind: 'table', head: ['', 'Resource', 'Action', 'What differs'], rows },
    {
      kind: 'table',
      head: ['A month', 'USD', 'Assumed'],
      rows: [
        ...prices.map(({ item, usd, assumption }) => [item, money(usd), assumption]),
        ['Together', money(total), `list prices of ${PRICES_AS_OF} in us-central1, while idle`],
      ],
    },
  ];
  if (plan.changes) blocks.push({ kind: 'text', text: `This usually takes ${duration(plan.usualSeconds)}.` });
  return blocks;
}

function detail(differences: string[]): string {
  const [first, ...more] = differences;
  if (first === undefined) return '';
  return more.length === 0 ? first : `${first}, and ${more.length} more`;
}

function money(usd: number | undefined): string {
  return usd === undefined ? '?' : usd.toFixed(2);
}

function duration(seconds: number): string {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} seconds` : `${Math.round(seconds / 60)} minutes`;
}
