import { toggle, value, wholeNumber } from '../settings/option.ts';
import type { CommandSpec } from './command.ts';

export const statusOptions = {
  wait: toggle('wait until the server answers'),
  timeout: value('seconds', 'how long to wait at most', { parse: wholeNumber(1, 86_400), default: 900 }),
  watch: toggle('look again and again, until Ctrl-C or, with --wait, until the server answers'),
  interval: value('seconds', 'between two looks of --watch', { parse: wholeNumber(1, 3600), default: 5 }),
  diagram: toggle('print a Mermaid drawing of the deployment'),
};

export const statusCommand: CommandSpec<typeof statusOptions> = {
  name: 'status',
  summary: 'Show every resource of the deployment, what it costs, and whether the server answers',
  examples: [
    'mlflow-gcp status',
    'mlflow-gcp status --wait --timeout 300',
    'mlflow-gcp status --watch',
    'mlflow-gcp status --diagram',
  ],
  options: statusOptions,
  load: () => import('./status/status-action.ts'),
};
