import { shellWord } from '../../ui/shell-word.ts';
import type { Deployment } from '../deployment.ts';
import { ENGINE_FACTS } from '../engine-facts.ts';
import { sortNodes } from '../graph.ts';
import { projectGrants } from '../resources/project-roles.ts';
import { wantedRepository } from '../resources/repository.ts';
import { requiredServices } from '../resources/services.ts';
import { type Blueprint, type BlueprintBucket, type BlueprintSecret, blueprintOf } from './blueprint.ts';
import { clientCertificateCommands } from './client-certificate-forms.ts';
import { accessSections } from './gcloud-access.ts';
import { databaseUserCommands, secretCommands } from './gcloud-secrets.ts';
import { granted, LEFT_TO_INIT, type Section } from './gcloud-section.ts';
import { createInstanceWords } from './gcloud-sql.ts';
import type { PlanDocument } from './plan-document.ts';
import { command, comment, labelFlag } from './shell.ts';

/**
 * The plan as a bash script of gcloud commands that makes what is to be made, with the same labels, settings and roles, in the order
 * of the dependencies. What is there already is left alone, apart from missing labels and roles.
 */
export function gcloudScript(document: PlanDocument): string {
  const { plan, deployment } = document;
  const sections = sectionsOf(document);
  const blocks = sortNodes(plan.items.map(({ resource }) => resource)).map(({ id, title }) => {
    const { action, differences } = plan.items.find(({ resource }) => resource.id === id)?.observation ?? {
      action: 'unchanged',
      differences: [],
    };
    const section = sections[id];
    const lines = action === 'unchanged' ? [] : (section?.[action] ?? []);
    const notes = [`${title}: ${action}`, ...(action === 'create' ? [] : differences)];
    return [comment(notes.join('\n')), ...lines].join('\n');
  });
  return `${[head(deployment.name, deployment.project), ...blocks, tail(deployment.name)].join('\n\n')}\n`;
}

/** The commands of each resource, by its id. */
function sectionsOf(document: PlanDocument): Record<string, Section | undefined> {
  const { deployment } = document;
  const { project } = deployment;
  const blueprint = blueprintOf(document);
  const enable = command('gcloud', 'services', 'enable', ...requiredServices(deployment), `--project=${project}`);
  const roles = projectGrants(deployment).map((grant) => granted(['projects'], [project], grant, '--condition=None'));
  const databaseSecret = blueprint.secrets.find(({ key }) => key === 'database_url');
  const { database, sqlInstance } = deployment;
  const databaseWords = ['gcloud', 'sql', 'databases', 'create', database.name];
  const sections: Record<string, Section | undefined> = {
    services: { create: [enable], update: [enable] },
    'project-roles': { create: roles, update: roles },
    repository: repositorySection(document, blueprint),
    'sql-instance': { create: [command(...createInstanceWords(deployment))], update: [LEFT_TO_INIT] },
    database: {
      create: [command(...databaseWords, `--project=${project}`, `--instance=${sqlInstance}`, ...textFlags(deployment))],
      update: [],
    },
    'database-user': {
      create: databaseSecret === undefined ? [] : databaseUserCommands(deployment, databaseSecret),
      update: [LEFT_TO_INIT],
    },
    'client-certificate': { create: clientCertificateCommands(deployment, blueprint), update: [LEFT_TO_INIT] },
  };
  for (const { id, accountId, displayName, description } of blueprint.accounts) {
    const words = ['gcloud', 'iam', 'service-accounts', 'create', accountId, `--project=${project}`];
    const create = command(...words, `--display-name=${displayName}`, `--description=${description}`);
    sections[id] = { create: [create], update: [] };
  }
  Object.assign(sections, accessSections(document, blueprint));
  for (const bucket of blueprint.buckets) sections[bucket.id] = bucketSection(bucket, blueprint, project, deployment.region);
  for (const secret of blueprint.secrets) sections[secret.id] = secretSection(secret, blueprint, project);
  return sections;
}

function secretSection(secret: BlueprintSecret, blueprint: Blueprint, project: string): Section {
  const { labels } = blueprint;
  const grants = secret.grants.map((grant) => granted(['secrets'], [secret.name, `--project=${project}`], grant));
  const words = ['gcloud', 'secrets', 'update', secret.name, `--project=${project}`];
  return {
    create: [...secretCommands(secret, blueprint, project), ...grants],
    update: [command(...words, labelFlag('--update-labels', labels)), ...grants, LEFT_TO_INIT],
  };
}

function textFlags({ database }: Deployment): string[] {
  const { charset, collation } = ENGINE_FACTS[database.engine];
  return [`--charset=${charset}`, ...(collation === undefined ? [] : [`--collation=${collation}`])];
}

function repositorySection({ deployment }: PlanDocument, blueprint: Blueprint): Section {
  const { project, region, repository } = deployment;
  const { description, grants } = wantedRepository(deployment);
  const words = (verb: string): string[] => [
    ...['gcloud', 'artifacts', 'repositories', verb, repository],
    `--project=${project}`,
    `--location=${region}`,
  ];
  const place = [repository, `--project=${project}`, `--location=${region}`];
  const roles = grants.map((grant) => granted(['artifacts', 'repositories'], place, grant));
  const create = [
    ...words('create'),
    '--repository-format=docker',
    `--description=${description}`,
    labelFlag('--labels', blueprint.labels),
  ];
  const update = [...words('update'), labelFlag('--update-labels', blueprint.labels)];
  return { create: [command(...create), ...roles], update: [command(...update), ...roles], adopt: roles };
}

/** Labels and lifecycle can be set on a bucket that exists, and on none that is being made. */
function bucketSection(
  { name, settings, grants }: BlueprintBucket,
  blueprint: Blueprint,
  project: string,
  region: string,
): Section {
  const address = `gs://${name}`;
  const { uniformBucketLevelAccess, publicAccessPrevention } = settings.iamConfiguration ?? {};
  const keep = settings.softDeletePolicy?.retentionDurationSeconds;
  const flags = [
    ...(uniformBucketLevelAccess?.enabled ? ['--uniform-bucket-level-access'] : []),
    ...(publicAccessPrevention === 'enforced' ? ['--public-access-prevention'] : []),
  ];
  const create = ['gcloud', 'storage', 'buckets', 'create', address, `--project=${project}`, `--location=${region}`];
  const update = command(
    ...['gcloud', 'storage', 'buckets', 'update', address],
    ...flags,
    ...(keep === undefined ? [] : [keep === '0' ? '--clear-soft-delete' : `--soft-delete-duration=${keep}s`]),
    labelFlag('--update-labels', blueprint.labels),
  );
  const { lifecycle } = settings;
  const rules = lifecycle === undefined ? [] : lifecycleCommands(lifecycle, address);
  const roles = grants.map((grant) => granted(['storage', 'buckets'], [address], grant));
  const changed = [update, ...rules, ...roles];
  return { create: [command(...create, ...flags), ...changed], update: changed, adopt: roles };
}

/** gcloud storage reads the rules from a real file alone. */
function lifecycleCommands(lifecycle: object, address: string): string[] {
  return [
    'rules="$(mktemp)"',
    `printf %s ${shellWord(JSON.stringify(lifecycle))} >"$rules"`,
    `${command('gcloud', 'storage', 'buckets', 'update', address)} --lifecycle-file="$rules"`,
    'rm "$rules"',
  ];
}

function head(name: string, project: string): string {
  return `#!/usr/bin/env bash
# Makes what the MLflow deployment ${name} needs in project ${project}. Written by mlflow-gcp init --dry-run --plan-format gcloud.
# Wants bash, openssl and gcloud with its beta commands, signed in and as new as the version of the database (gcloud components update).
# If it ends early, write it anew: it then holds what is missing.
# The password for MLflow's clients is made up, or taken from MLFLOW_TRACKING_PASSWORD. No password is shown or put into arguments.
set -euo pipefail
export CLOUDSDK_CORE_DISABLE_PROMPTS=1

# What was made a moment ago is not known everywhere at once: tries again for two minutes.
retry() {
  local try
  for try in {1..24}; do
    "$@" >/dev/null && return
    sleep 5
  done
  "$@" >/dev/null
}`;
}

function tail(name: string): string {
  return comment(
    `The project folder of ${name} is not made by this script: run \`mlflow-gcp init\`, which then finds nothing else to do,\nand \`mlflow-gcp deploy\`.`,
  );
}
