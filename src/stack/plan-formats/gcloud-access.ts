import path from 'node:path';
import { shellWord } from '../../ui/shell-word.ts';
import { accountAccess } from '../account-access.ts';
import type { Deployment } from '../deployment.ts';
import { wantedProvider } from '../github-trust.ts';
import { accountRolesId } from '../resources/account-roles.ts';
import { wantedPool } from '../resources/workload-identity.ts';
import type { Blueprint } from './blueprint.ts';
import { granted, LEFT_TO_INIT, type Section } from './gcloud-section.ts';
import type { PlanDocument } from './plan-document.ts';
import { command } from './shell.ts';

/** The commands for what gives others the rights of the deployment's accounts. */
export function accessSections({ deployment, keyFile }: PlanDocument, blueprint: Blueprint): Record<string, Section> {
  const { project, serverAccount } = deployment;
  const roles = accountAccess(deployment).map((access): [string, Section] => {
    const place = [access.account.email, `--project=${project}`];
    const lines = access.grants.map((grant) => granted(['iam', 'service-accounts'], place, grant));
    return [accountRolesId(access), { create: lines, update: [...lines, LEFT_TO_INIT] }];
  });
  const key = keyFile === undefined ? [] : keyCommands(keyFile, serverAccount, project);
  return {
    ...Object.fromEntries(roles),
    ...(deployment.ci.github !== undefined && federationSections(deployment, blueprint)),
    'server-key': { create: key, update: [LEFT_TO_INIT] },
  };
}

function federationSections(deployment: Deployment, blueprint: Blueprint): Record<string, Section> {
  const { project, identityPool, identityProvider } = deployment;
  const words = (group: string[], verb: string, id: string, ...more: string[]): string[] => [
    ...['gcloud', 'iam', 'workload-identity-pools', ...group, verb, id],
    ...[`--project=${project}`, '--location=global', ...more],
  ];
  const { displayName, description } = wantedPool(deployment);
  const texts = [`--display-name=${displayName}`, `--description=${description}`];
  const undelete = blueprint.differences('identity-pool').length > 0;
  const providers = (verb: string, ...more: string[]): string =>
    command(...words(['providers'], verb, identityProvider, `--workload-identity-pool=${identityPool}`, ...more));
  const rules = providerFlags(deployment);
  const update = providers('update-oidc', ...rules, '--no-disabled');
  const restored = blueprint.differences('identity-provider').length > 0;
  return {
    'identity-pool': {
      create: [
        undelete ? command(...words([], 'undelete', identityPool)) : command(...words([], 'create', identityPool, ...texts)),
      ],
      update: [command(...words([], 'update', identityPool, ...texts, '--no-disabled'))],
    },
    'identity-provider': {
      create: restored ? [providers('undelete'), update] : [providers('create-oidc', ...rules)],
      update: [update, LEFT_TO_INIT],
    },
  };
}

function providerFlags(deployment: Deployment): string[] {
  const { displayName, description, issuerUri, attributeMapping, attributeCondition } = wantedProvider(deployment);
  const mapping = Object.entries(attributeMapping).map(([target, source]) => `${target}=${source}`);
  return [
    ...[`--display-name=${displayName}`, `--description=${description}`, `--issuer-uri=${issuerUri}`],
    ...[`--attribute-mapping=${mapping.join(',')}`, `--attribute-condition=${attributeCondition}`],
  ];
}

/** The file is for its owner alone from the moment that it is there. */
function keyCommands(file: string, account: string, project: string): string[] {
  const create = command(
    'gcloud',
    'iam',
    'service-accounts',
    'keys',
    'create',
    file,
    `--iam-account=${account}`,
    `--project=${project}`,
  );
  return [`(`, '  umask 077', `  mkdir -p ${shellWord(path.dirname(file))}`, `  retry ${create.replaceAll('\n', '\n  ')}`, ')'];
}
