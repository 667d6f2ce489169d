import { positiveNumber, value, wholeNumber } from '../settings/option.ts';
import type { CommandSpec } from './command.ts';

export const simulatorOptions = {
  port: value('number', 'port on 127.0.0.1; 0 takes any free one', { parse: wholeNumber(0, 65_535), default: 0 }),
  // MLFLOW_GCP_DATA is where `model --data` finds its wines: nothing may be kept there.
  data: value('folder', 'where everything is kept; default: a folder of your own', { variable: 'MLFLOW_GCP_SIMULATOR_DATA' }),
  speed: value('factor', 'how many times faster than usual long operations go', { parse: positiveNumber, default: 1000 }),
};

export const simulatorCommand: CommandSpec<typeof simulatorOptions> = {
  name: 'simulator',
  summary: 'Run the simulator of the Google Cloud APIs alone, in the foreground',
  details:
    'Prints one JSON line when it is ready: port, ca (the certificate to trust), project and projectNumber. Point a client at it with ' +
    'HTTPS_PROXY=http://127.0.0.1:PORT and its own variable for the certificate. --project names the project of a new folder. Ends with Ctrl-C.',
  examples: ['mlflow-gcp simulator --port 8080', 'mlflow-gcp simulator --data ./cloud --speed 1'],
  options: simulatorOptions,
  readsFile: false,
  foreground: true,
  load: () => import('./simulator-action.ts'),
};
