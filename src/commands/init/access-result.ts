import type { Deployment } from '../../stack/deployment.ts';
import type { Plan } from '../../stack/plan.ts';
import { shellWord } from '../../ui/shell-word.ts';
import type { Block } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { keyPlace } from '../key-place.ts';

/**
 * How those who were given the server's rights, and the CI service, come to use them.
 * https://docs.cloud.google.com/docs/authentication/use-service-account-impersonation
 */
export function accessOf(
  context: Pick<Context, 'settings' | 'deps' | 'ui'>,
  deployment: Deployment,
  plan: Plan,
): { data: Record<string, unknown>; show: Block[] } {
  const { credentials, ci, serverAccount } = deployment;
  const isKey = credentials.kind === 'key';
  const { file } = keyPlace(context, deployment);
  const note = plan.items.find(({ resource }) => resource.id === 'server-key')?.observation.note;
  if (isKey && note?.includes('--new-key')) context.ui.warn(`Key of ${serverAccount}: ${note}.`);
  const impersonate = `gcloud auth application-default login --impersonate-service-account=${serverAccount}`;
  const show: Block[] = [];
  const tell = (text: string, line: string): void => void show.push({ kind: 'text', text }, { kind: 'verbatim', text: line });
  if (credentials.impersonators.length > 0)
    tell(`${credentials.impersonators.join(', ')}: to work as ${serverAccount}, sign in with`, impersonate);
  if (isKey) tell(`To work as ${serverAccount} with the key:`, `export GOOGLE_APPLICATION_CREDENTIALS=${shellWord(file)}`);
  if (ci.github !== undefined) {
    const { repository, branch } = ci.github;
    show.push({ kind: 'text', text: `GitHub deploys once folder and workflow are pushed to ${branch} of ${repository}.` });
  }
  const data = {
    ...(credentials.impersonators.length > 0 && { impersonation: { members: credentials.impersonators, command: impersonate } }),
    ...(isKey && { keyFile: file }),
    ...(ci.github !== undefined && { ci: ci.github }),
  };
  return { data, show };
}
