import { listVersions, type SecretVersion } from '../../gcp/secret-versions.ts';
import { SECRET_KEYS, type SecretKey } from '../../stack/deployment.ts';
import type { Serving } from '../../stack/serving.ts';
import { settle } from '../../stack/settle.ts';
import { unlessDisabled } from '../../stack/unless-disabled.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { withSecrets } from './open-secrets.ts';

interface SecretRow {
  key: SecretKey;
  name: string;
  /** Newest first. */
  versions: SecretVersion[];
  /** Revisions with traffic, and the version that each is pinned to. */
  usedBy: Array<{ revision: string; version: string; percent: number }>;
}

/** Shows the five secrets without their values. */
export function run(context: Context): Promise<CommandResult> {
  return withSecrets(context, async ({ google, deployment, serving }) => {
    const secrets: SecretRow[] = await context.ui.step('Look at the secrets', () =>
      settle(
        SECRET_KEYS.map(async (key) => {
          const secretId = deployment.secrets[key];
          const versions = (await unlessDisabled(listVersions(google, { project: deployment.project, secretId }))) ?? [];
          return { key, name: secretId, versions, usedBy: usersOf(serving, secretId) };
        }),
      ),
    );
    const now = context.deps.now().getTime();
    return {
      data: { project: deployment.project, name: deployment.name, secrets },
      show: [
        {
          kind: 'table',
          head: ['Secret', 'Newest version', 'State', 'Age', 'Used by'],
          rows: secrets.map((secret) => rowOf(secret, now)),
        },
      ],
    };
  });
}

function usersOf(serving: Serving | undefined, secretId: string): SecretRow['usedBy'] {
  const serves = (serving?.revisions ?? []).filter(({ name }) => (serving?.shares[name] ?? 0) > 0);
  return serves.flatMap(({ name, secretVersions }) => {
    const version = secretVersions[secretId];
    return version === undefined ? [] : [{ revision: name, version, percent: serving?.shares[name] ?? 0 }];
  });
}

function rowOf({ name, versions, usedBy }: SecretRow, now: number): string[] {
  const [newest] = versions;
  const used = usedBy.map(({ revision, version }) => `${revision} (version ${version})`).join(', ');
  if (newest === undefined) return [name, '', 'missing', '', used];
  return [name, newest.version, newest.state.toLowerCase(), age(now - Date.parse(newest.createTime)), used];
}

/** A duration in its largest unit: `3 days`. */
function age(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  const units: Array<[string, number]> = [
    ['day', 1440],
    ['hour', 60],
    ['minute', 1],
  ];
  const [unit, size] = units.find(([, least]) => minutes >= least) ?? ['minute', 1];
  const count = Math.floor(minutes / size);
  return count === 0 ? 'under a minute' : `${count} ${unit}${count === 1 ? '' : 's'}`;
}
