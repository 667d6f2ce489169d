import { GIT_BRANCH, GITHUB_REPOSITORY, MEMBER } from '../../project/name-rules.ts';
import { InvalidValue } from '../../settings/option.ts';

/** A member as policies name it, addresses in lower case as Google keeps them. An address alone is a person's, or a service account's. */
export function parseMember(text: string): string {
  const kind = text.toLowerCase().endsWith('.gserviceaccount.com') ? 'serviceAccount' : 'user';
  const named = /^[^:/\s]+@[^:/\s]+$/.test(text) ? `${kind}:${text}` : text;
  const member = /^(?:user|group|serviceAccount):/.test(named)
    ? named.replace(/:.*$/s, (address) => address.toLowerCase())
    : named;
  if (MEMBER.test(member)) return member;
  throw new InvalidValue('expected user:ADDRESS, group:ADDRESS, serviceAccount:ADDRESS or a principal://… of Google Cloud');
}

export function checkGithubRepository(text: string): true | string {
  if (GITHUB_REPOSITORY.test(text)) return true;
  const [, repository] = /^(?:https?:\/\/|git@)github\.com[/:]([^/]+\/[^/]+?)(?:\.git)?\/?$/.exec(text) ?? [];
  return `expected a repository on github.com as OWNER/NAME${repository ? `, here ${repository}` : ', such as octo-org/mlflow'}`;
}

export function checkBranch(text: string): true | string {
  return GIT_BRANCH.test(text) || 'expected the name of a branch, such as main';
}
