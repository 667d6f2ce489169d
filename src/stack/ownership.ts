import { UserError } from '../errors.ts';
import { belongsTo, deploymentLabels, deploymentOf, type Labels } from '../gcp/labels.ts';
import type { Deployment } from './deployment.ts';

/**
 * Throws a {@link UserError} NOT_OURS when a resource of our name was not made for this deployment: it is not touched.
 * `title` names it for people, `flag` says how to choose another or to adopt it.
 */
export function assertOurs(title: string, labels: Labels | undefined, deployment: Deployment): void {
  if (belongsTo(labels, deployment.name)) return;
  const owner = deploymentOf(labels);
  throw new UserError({
    code: 'NOT_OURS',
    message: `${title} exists in project ${deployment.project} and ${owner === undefined ? 'was not made by mlflow-gcp' : `belongs to deployment ${owner}`}; it was left alone.`,
    hint: 'Choose another name for this deployment with --name, or delete that resource if nobody needs it.',
  });
}

/** What labels are missing or differ, one line each. Labels of others are none of our business. */
export function labelDifferences(labels: Labels | undefined, deployment: Deployment): string[] {
  return Object.entries(deploymentLabels(deployment.name))
    .filter(([key, value]) => labels?.[key] !== value)
    .map(([key, value]) => `label ${key}: ${labels?.[key] ?? 'none'} → ${value}`);
}
