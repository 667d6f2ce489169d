import type { Deployment } from '../../stack/deployment.ts';
import type { Listing } from '../../stack/left-behind.ts';
import { PRICES_AS_OF } from '../../stack/prices.ts';
import type { PlannedRemoval } from '../../stack/removal-plan.ts';
import type { Block } from '../../ui/ui.ts';

const MARKS = { delete: '-', keep: '=', absent: ' ', leave: '!' } as const;
const WORDS = { delete: 'delete', keep: 'keep', absent: 'not there', leave: 'not ours: left alone' } as const;

/** What goes and what stays, for people. */
export function planBlocks(plan: PlannedRemoval[], deployment: Deployment): Block[] {
  const rows = plan.map(({ resource, action }) => [MARKS[action], resource.title, WORDS[action]]);
  return [
    { kind: 'text', text: `Deployment ${deployment.name} in project ${deployment.project}, region ${deployment.region}:` },
    { kind: 'table', head: ['', 'Resource', 'Action'], rows },
  ];
}

/** What is still there, and what it costs. */
export function leftBlocks({ left, unseen }: Listing, { deleteData }: { deleteData: boolean }): Block[] {
  const blocks: Block[] = [];
  if (left.length === 0) blocks.push({ kind: 'text', text: 'Nothing is left of it that costs money.' });
  else {
    const sum = left.reduce((total, { usd }) => total + (usd ?? 0), 0);
    const rows = left.map(({ title, usd, cost }) => [title, usd === undefined ? '' : usd.toFixed(2), cost]);
    rows.push(['Together', sum.toFixed(2), `and what depends on use; list prices of ${PRICES_AS_OF} in us-central1`]);
    blocks.push({ kind: 'table', head: ['Still there', 'USD a month', 'Costs'], rows });
  }
  if (unseen.length > 0)
    blocks.push({ kind: 'text', text: `You may not list these, so they were not looked at: ${unseen.join(', ')}.` });
  if (!deleteData && left.some(({ id }) => id === 'sql-instance' || id === 'artifact-bucket'))
    blocks.push({
      kind: 'text',
      text: 'Database and artifacts are kept. To have the server back: mlflow-gcp init && mlflow-gcp deploy. To delete them too: mlflow-gcp destroy --delete-data',
    });
  return blocks;
}

/** What should be gone and is not. Backups go by themselves. */
export function stillThere({ left }: Listing, kept: Set<string>): string[] {
  return left.filter(({ id, title }) => !kept.has(id ?? '') && !title.startsWith('Cloud SQL backup')).map(({ title }) => title);
}
