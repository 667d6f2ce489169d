import { UserError } from '../errors.ts';
import { belongsTo, deploymentLabels, deploymentOf, type Labels } from '../gcp/labels.ts';
import type { Deployment } from './deployment.ts';

/** Whose a resource is that is there: this deployment's, or somebody else's that the user named to be used. */
export type Ownership = 'ours' | 'adopted';

/** By which flag a resource of somebody else's may be used, and whether it was named there (or in mlflow-gcp.yaml). */
export interface Adoption {
  /** `--repository mlflow` */
  flag: string;
  named: boolean;
}

/**
 * Throws a {@link UserError} NOT_OURS when a resource of our name was not made for this deployment: it is not touched.
 * `title` names it for people.
 */
export function assertOurs(title: string, labels: Labels | undefined, deployment: Deployment): void {
  if (!belongsTo(labels, deployment.name)) throw notOurs(title, deploymentOf(labels), deployment);
}

/**
 * Whose it is, by its labels. Throws NOT_OURS, with the flag that adopts it, for what is neither ours nor named to be used. What is adopted
 * gets the roles that the deployment needs and keeps everything else; no label of ours goes on it, and `destroy` leaves it where it is.
 */
export function ownershipOf(title: string, labels: Labels | undefined, deployment: Deployment, adoption: Adoption): Ownership {
  if (belongsTo(labels, deployment.name)) return 'ours';
  if (adoption.named) return 'adopted';
  throw notOurs(title, deploymentOf(labels), deployment, adoption);
}

/** What a resource that can have no labels says of itself. */
export function ownDescription(deployment: Deployment): string {
  return `${OWN_DESCRIPTION}${deployment.name}`;
}

/** As {@link assertOurs}, for a resource that can have no labels: by its description. */
export function assertOursByDescription(title: string, description: string, deployment: Deployment): void {
  if (description !== ownDescription(deployment)) throw notOurs(title, ownerOf(description), deployment);
}

/** As {@link ownershipOf}, for a resource that can have no labels: by its description. */
export function ownershipByDescription(
  title: string,
  description: string,
  deployment: Deployment,
  adoption: Adoption | undefined,
): Ownership {
  if (description === ownDescription(deployment)) return 'ours';
  if (adoption?.named) return 'adopted';
  throw notOurs(title, ownerOf(description), deployment, adoption);
}

const OWN_DESCRIPTION = 'Made by mlflow-gcp for deployment ';

function ownerOf(description: string): string | undefined {
  return description.startsWith(OWN_DESCRIPTION) ? description.slice(OWN_DESCRIPTION.length) : undefined;
}

function notOurs(title: string, owner: string | undefined, deployment: Deployment, adoption?: Adoption): UserError {
  const ways = [
    ...(adoption === undefined ? [] : [`To use it as it is: mlflow-gcp init ${adoption.flag}.`]),
    `${adoption === undefined ? 'Choose' : 'Or choose'} another name for this deployment with --name, or delete that resource if nobody needs it.`,
  ];
  return new UserError({
    code: 'NOT_OURS',
    message: `${title} exists in project ${deployment.project} and ${owner === undefined ? 'was not made by mlflow-gcp' : `belongs to deployment ${owner}`}; it was left alone.`,
    hint: ways.join(' '),
  });
}

/** The error for a database or a user of our name in an instance of somebody else's, which were there before the deployment. */
export function contentNotOurs(kind: 'database' | 'user', name: string, { sqlInstance, project }: Deployment): UserError {
  return new UserError({
    code: 'NOT_OURS',
    message: `${kind === 'database' ? 'Database' : 'Database user'} ${name} exists in Cloud SQL instance ${sqlInstance} in project ${project} and was not made by mlflow-gcp; it was left alone.`,
    hint: `Choose another name for it in mlflow-gcp.yaml (database.${kind === 'database' ? 'name' : 'user'}), or another instance with --instance, or another name for this deployment with --name.`,
  });
}

/** What labels are missing or differ, one line each. Labels of others are none of our business. */
export function labelDifferences(labels: Labels | undefined, deployment: Deployment): string[] {
  return Object.entries(deploymentLabels(deployment.name))
    .filter(([key, value]) => labels?.[key] !== value)
    .map(([key, value]) => `label ${key}: ${labels?.[key] ?? 'none'} → ${value}`);
}
