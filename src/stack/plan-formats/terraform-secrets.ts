import { ENGINE_FACTS } from '../engine-facts.ts';
import { APPLIED_LABEL } from '../resources/database.ts';
import type { Blueprint, BlueprintSecret, SecretContent } from './blueprint.ts';
import { type HclBlock, type HclValue, hclString } from './hcl.ts';
import type { PlanDocument } from './plan-document.ts';
import { imported, memberBlocks, reference, SERVICES } from './terraform-parts.ts';

/** The secrets. One that is there keeps the versions that it has: Terraform makes a value for new ones alone. */
export function secretBlocks({ deployment }: PlanDocument, blueprint: Blueprint): HclBlock[] {
  return blueprint.secrets.flatMap((secret) => {
    const own = `google_secret_manager_secret.${secret.key}`;
    return [
      ...imported(blueprint, secret.id, own, `projects/${deployment.project}/secrets/${secret.name}`),
      secretBlock(secret, blueprint),
      ...(blueprint.action(secret.id) === 'create' ? valueBlocks(secret, own) : []),
      ...memberBlocks(blueprint, secret.grants, {
        type: 'google_secret_manager_secret_iam_member',
        label: secret.key,
        values: { secret_id: { raw: `${own}.id` } },
      }),
    ];
  });
}

/**
 * Database and user. The user is made together with the secret that holds its password, and otherwise left to `init`, which knows
 * which password the user was given.
 */
export function databaseBlocks({ deployment }: PlanDocument, blueprint: Blueprint): HclBlock[] {
  const { project, sqlInstance, database } = deployment;
  const { charset, collation, userHost } = ENGINE_FACTS[database.engine];
  const instance: HclValue = { raw: `${reference(blueprint, 'sql-instance', 'google_sql_database_instance.mlflow')}.name` };
  const own = 'google_sql_database.mlflow';
  const databaseId = `projects/${project}/instances/${sqlInstance}/databases/${database.name}`;
  return [
    ...imported(blueprint, 'database', own, databaseId),
    {
      kind: 'resource',
      labels: own.split('.'),
      values: { name: database.name, instance, charset, collation, deletion_policy: 'ABANDON' },
    },
    ...(makesDatabaseUser(blueprint)
      ? [
          {
            kind: 'resource',
            labels: ['google_sql_user', 'mlflow'],
            values: {
              name: database.user,
              instance,
              host: userHost,
              password: { raw: 'random_password.database_url.result' },
              deletion_policy: 'ABANDON',
              depends_on: [{ raw: own }],
            },
          },
        ]
      : []),
  ];
}

function makesDatabaseUser({ action, secrets }: Blueprint): boolean {
  return secrets.some(({ key, id }) => key === 'database_url' && action(id) === 'create') && action('database-user') === 'create';
}

/** The label tells `init` which version the user was given: the first. */
function secretBlock({ key, name }: BlueprintSecret, blueprint: Blueprint): HclBlock {
  const applied = key === 'database_url' && makesDatabaseUser(blueprint) ? { [APPLIED_LABEL]: '1' } : {};
  return {
    kind: 'resource',
    labels: ['google_secret_manager_secret', key],
    values: { secret_id: name, labels: { map: { ...blueprint.labels, ...applied } }, depends_on: SERVICES },
    blocks: [{ kind: 'replication', blocks: [replication(blueprint)] }],
  };
}

export function replication({ secretLocations }: Blueprint): HclBlock {
  if (secretLocations === undefined) return { kind: 'auto' };
  return { kind: 'user_managed', blocks: secretLocations.map((location) => ({ kind: 'replicas', values: { location } })) };
}

function valueBlocks({ key, content }: BlueprintSecret, secret: string): HclBlock[] {
  const version: HclBlock = {
    kind: 'resource',
    labels: ['google_secret_manager_secret_version', key],
    values: { secret: { raw: `${secret}.id` }, secret_data: dataOf(content, key) },
  };
  if (content.kind === 'text') return [version];
  // Letters and digits need no quoting in URLs, shells or YAML.
  return [{ kind: 'resource', labels: ['random_password', key], values: { length: 32, special: false } }, version];
}

function dataOf(content: SecretContent, key: string): HclValue {
  const password = `random_password.${key}.result`;
  if (content.kind === 'text') return content.text;
  if (content.kind === 'password') return { raw: password };
  const around = (text: string): string => hclString(text).slice(1, -1);
  return { raw: `"${around(content.before)}\${${password}}${around(content.after)}"` };
}
