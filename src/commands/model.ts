import { value } from '../settings/option.ts';
import type { CommandSpec } from './command.ts';

export const modelOptions = {
  data: value('folder', 'folder of winequality-red.csv and winequality-white.csv (default: the data that is built in)'),
  trackingUri: value(
    'url',
    'use this MLflow server, with MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, in place of the deployment',
  ),
  experiment: value('name', 'experiment that gets the run', { default: 'wine-quality' }),
};

export const modelCommand: CommandSpec<typeof modelOptions> = {
  name: 'model',
  summary: 'Train the wine-quality model, register it on the server and use it from there',
  details:
    'Trains a random forest, logs its parameter, metric, importances and itself, registers it as wine_quality with the alias and stage ' +
    'Production, loads it back by that alias and predicts. Each run registers a new version. Needs Python 3.11 or newer.',
  examples: ['mlflow-gcp model', 'mlflow-gcp model --data ./wine', 'mlflow-gcp model --tracking-uri http://127.0.0.1:5000'],
  options: modelOptions,
  load: () => import('./model/model-action.ts'),
};
