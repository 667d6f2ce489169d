import { shellWord } from '../../ui/shell-word.ts';
import type { Deployment } from '../deployment.ts';
import { ENGINE_FACTS } from '../engine-facts.ts';
import { APPLIED_LABEL } from '../resources/database.ts';
import type { Blueprint, BlueprintSecret } from './blueprint.ts';
import { command, fed, labelFlag } from './shell.ts';

/** Letters that need no quoting anywhere, as `init` makes passwords itself. */
const MAKE_PASSWORD = "openssl rand -base64 24 | tr '+/' '-_' | tr -d '\\n'";

/** The command that makes a secret without any value. */
export function createSecretCommand(name: string, { labels, secretLocations }: Blueprint, project: string): string {
  return command(
    ...['gcloud', 'secrets', 'create', name],
    `--project=${project}`,
    ...(secretLocations === undefined
      ? ['--replication-policy=automatic']
      : ['--replication-policy=user-managed', `--locations=${secretLocations.join(',')}`]),
    labelFlag('--labels', labels),
  );
}

/** The commands that make a secret and give it its first value. No value stands in a process's arguments. */
export function secretCommands(secret: BlueprintSecret, blueprint: Blueprint, project: string): string[] {
  const create = createSecretCommand(secret.name, blueprint, project);
  const add = command('gcloud', 'secrets', 'versions', 'add', secret.name, `--project=${project}`, '--data-file=-');
  return [create, filled(secret, add)];
}

function filled({ content }: BlueprintSecret, add: string): string {
  switch (content.kind) {
    case 'text':
      return fed(content.text, add);
    case 'password':
      return [
        `if [ -n "\${MLFLOW_TRACKING_PASSWORD:-}" ]; then printf %s "$MLFLOW_TRACKING_PASSWORD"; else ${MAKE_PASSWORD}; fi |`,
        `  ${add.replaceAll('\n', '\n  ')}`,
      ].join('\n');
    case 'url':
      return [
        `{ printf %s ${shellWord(content.before)}; ${MAKE_PASSWORD}; printf %s ${shellWord(content.after)}; } |`,
        `  ${add.replaceAll('\n', '\n  ')}`,
      ].join('\n');
  }
}

/**
 * The commands that make the database user with the password that its secret holds. Flags come from a file that the shell makes up in
 * memory, so the password stands in no process's arguments. The label tells `init` which version the user was given.
 * https://docs.cloud.google.com/sdk/gcloud/reference/topic/flags-file
 */
export function databaseUserCommands({ project, sqlInstance, database, secrets }: Deployment, secret: BlueprintSecret): string[] {
  if (secret.content.kind !== 'url') return [];
  const read = (...words: string[]): string => command('gcloud', 'secrets', 'versions', ...words, `--project=${project}`);
  const { userHost } = ENGINE_FACTS[database.engine];
  const place = [`--project=${project}`, `--instance=${sqlInstance}`, ...(userHost === undefined ? [] : [`--host=${userHost}`])];
  const user = command('gcloud', 'sql', 'users', 'create', database.user, ...place);
  return [
    `version="$(${read('describe', 'latest', `--secret=${secret.name}`, '--format=value(name.basename())')})"`,
    `database_url="$(${read('access', 'latest', `--secret=${secret.name}`)})"`,
    `before=${shellWord(secret.content.before)}`,
    `password="\${database_url#"$before"}"`,
    `password="\${password%%@*}"`,
    `${user} \\\n  --flags-file=<(printf -- '--password: "%s"\\n' "$password")`,
    command('gcloud', 'secrets', 'update', secrets.database_url, `--project=${project}`).concat(
      ` --update-labels=${APPLIED_LABEL}="$version"`,
    ),
  ];
}
