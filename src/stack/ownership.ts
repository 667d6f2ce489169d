import { UserError } from '../errors.ts';
import { belongsTo, deploymentLabels, deploymentOf, type Labels } from '../gcp/labels.ts';
import type { Deployment } from './deployment.ts';

/**
 * Throws a {@link UserError} NOT_OURS when a resource of our name was not made for this deployment: it is not touched.
 * `title` names it for people.
 */
export function assertOurs(title: string, labels: Labels | undefined, deployment: Deployment): void {
  if (!belongsTo(labels, deployment.name)) throw notOurs(title, deploymentOf(labels), deployment);
}

/** What a resource that can have no labels says of itself. */
export function ownDescription(deployment: Deployment): string {
  return `${OWN_DESCRIPTION}${deployment.name}`;
}

/** As {@link assertOurs}, for a resource that can have no labels: by its description. */
export function assertOursByDescription(title: string, description: string, deployment: Deployment): void {
  if (description === ownDescription(deployment)) return;
  const owner = description.startsWith(OWN_DESCRIPTION) ? description.slice(OWN_DESCRIPTION.length) : undefined;
  throw notOurs(title, owner, deployment);
}

const OWN_DESCRIPTION = 'Made by mlflow-gcp for deployment ';

function notOurs(title: string, owner: string | undefined, deployment: Deployment): UserError {
  return new UserError({
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
