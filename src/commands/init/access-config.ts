import path from 'node:path';
import { UsageError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import type { Config } from '../../project/config-schema.ts';
import type { GithubRemote } from '../../project/git.ts';
import { githubNumber } from '../../project/github-repository.ts';
import { refuseWorkTree } from '../../project/key-file.ts';
import type { OptionValues } from '../../settings/option.ts';
import type { Context } from '../command.ts';
import type { initOptions } from '../init.ts';
import { keyPlace } from '../key-place.ts';

type Options = OptionValues<typeof initOptions>;
type Access = Pick<Config, 'credentials' | 'ci'>;

/** Who gets the server's rights, and who deploys, by flags and answers over what the file said. Pure. */
export function accessConfig(
  before: Access,
  options: Pick<Options, 'credentials' | 'impersonator' | 'keyFile' | 'ci' | 'githubBranch'>,
  found: { cwd: string; repository: string | undefined; remote: GithubRemote | undefined },
): Access {
  const { credentials, ci } = before;
  const repository = found.repository ?? ci.github?.repository;
  const keyFile = options.keyFile === undefined ? credentials.keyFile : path.resolve(found.cwd, options.keyFile);
  return {
    credentials: {
      kind: options.credentials ?? credentials.kind,
      // Those who were named before stay: nobody should lose access by a flag that names somebody else.
      impersonators: [...new Set([...credentials.impersonators, ...options.impersonator])],
      ...(keyFile !== undefined && { keyFile }),
    },
    ci: repository === undefined ? ci : { github: githubOf(ci.github, repository, options.githubBranch, found.remote) },
  };
}

function githubOf(
  before: Access['ci']['github'],
  repository: string,
  branch: string | undefined,
  remote: GithubRemote | undefined,
): NonNullable<Access['ci']['github']> {
  const same = before?.repository === repository ? before : undefined;
  const usual = remote?.repository === repository ? remote.branch : undefined;
  const chosen = branch ?? same?.branch ?? usual ?? 'main';
  return { repository, branch: chosen, ...(same?.repositoryId !== undefined && { repositoryId: same.repositoryId }) };
}

/** Looks the repository's number up where it is not known yet; a warning where that is not to be had. */
export async function withRepositoryNumber(
  { ui, deps }: Pick<Context, 'ui' | 'deps'>,
  google: Google,
  config: Config,
): Promise<Config> {
  const { github } = config.ci;
  if (github === undefined || github.repositoryId !== undefined) return config;
  const { target, signal } = google;
  const route = { proxyFor: (host: string) => target.proxyFor(host), authorities: target.authorities, signal };
  const repositoryId = await ui.step(`Look at ${github.repository} on GitHub`, () =>
    githubNumber(github.repository, deps.env, route),
  );
  if (repositoryId !== undefined) return { ...config, ci: { github: { ...github, repositoryId } } };
  ui.warn(
    `GitHub did not tell the number of ${github.repository}, so that the repository is trusted by its name, upper and lower case as written. If it is private, sign in with gh auth login, or set GH_TOKEN, and run the command again.`,
  );
  return config;
}

/** Throws a {@link UsageError} for flags that would do nothing, and for a key file that would be committed sooner or later. */
export async function refuseAccess(context: Context<typeof initOptions>, config: Config): Promise<void> {
  const { options, originOf, settings, deps } = context;
  const isKey = config.credentials.kind === 'key';
  const idle = [
    ...(isKey ? [] : (['keyFile', 'newKey'] as const)).map((key) => ({ key, wants: '--credentials key' })),
    ...(config.ci.github !== undefined ? [] : (['githubRepo', 'githubBranch'] as const)).map((key) => ({
      key,
      wants: '--ci github',
    })),
  ].find(({ key }) => options[key] !== undefined && options[key] !== false);
  if (idle !== undefined) {
    throw new UsageError({
      code: 'INVALID_VALUE',
      message: `${originOf(idle.key)} does nothing without ${idle.wants}.`,
      hint: `Add ${idle.wants}, or leave it out.`,
    });
  }
  if (!isKey) return;
  const { file } = keyPlace({ settings, deps }, { ...config, project: config.project ?? '' });
  await refuseWorkTree(file, settings.dir.value);
}
