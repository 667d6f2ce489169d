import type { Grant } from '../../gcp/iam-policy.ts';
import { command, comment } from './shell.ts';

/** The commands of one resource, by what would happen to it. */
export interface Section {
  create: string[];
  /** What a script can mend without knowing more than the plan; the rest is left to `init`. */
  update: string[];
  /** Of what is somebody else's: the roles that the deployment needs on it. */
  adopt?: string[];
}

export const LEFT_TO_INIT = comment('Left to `mlflow-gcp init`, which changes what differs and nothing else.');

/** New service accounts and enabled services are not known everywhere at once. */
export function granted(group: string[], place: string[], { role, members }: Grant, ...more: string[]): string {
  return members
    .map((member) =>
      command('retry', 'gcloud', ...group, 'add-iam-policy-binding', ...place, `--member=${member}`, `--role=${role}`, ...more),
    )
    .join('\n');
}
