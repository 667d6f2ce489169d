import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../../errors.ts';
import { withAuthorities } from '../../project/authorities.ts';
import { cacheFolder } from '../../project/cache-folder.ts';
import { ensureModelEnvironment } from '../../project/model-environment.ts';
import type { ModelResult } from '../../project/model-events.ts';
import { runModel } from '../../project/model-run.ts';
import { modelVariables } from '../../project/model-variables.ts';
import { findPython } from '../../project/python.ts';
import type { Environment } from '../../project/tool.ts';
import { ensureUv } from '../../project/uv.ts';
import type { CommandResult, Step } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { modelOptions } from '../model.ts';
import { otherServer, readServerAccess, type ServerAccess } from '../server-access.ts';

type ModelContext = Context<typeof modelOptions>;
type Access = Pick<ServerAccess, 'client' | 'childEnvironment'>;

/** Trains the model and takes it through the server; see src/templates/model/wine_quality.py. */
export async function run(context: ModelContext): Promise<CommandResult> {
  const { deps, ui, settings, options } = context;
  const data = await dataFolder(context);
  const other = options.trackingUri === undefined ? undefined : otherServer(options.trackingUri, deps.env);
  if (settings.dryRun) return dryRun(context, data);
  const access: Access = other ? { client: other, childEnvironment: {} } : await readServerAccess(context);
  const env = await withAuthorities(deps.env, cacheFolder(deps.env));
  const environment = await ui.step('Prepare Python', (step) => prepare(context, env, step), { usualSeconds: 20 });
  const result = await runModel({
    environment,
    program: path.join(templates(context), 'wine_quality.py'),
    args: [...(data === undefined ? [] : ['--data', data]), '--experiment', options.experiment],
    env: modelVariables({ ...env, ...access.childEnvironment }, access.client, environment),
    logFile: path.join(cacheFolder(deps.env), 'model.log'),
    ui,
    signal: deps.signal,
  });
  if (result.loaded_auc !== result.auc)
    ui.warn(`The model loaded back has another AUC (${result.loaded_auc}): its alias was moved meanwhile.`);
  return { data: { trackingUri: access.client.trackingUri, ...resultData(result) }, show: resultBlocks(result) };
}

/** Finds or makes the Python environment. `env` is the user's own: packages come over the real network, whatever the target. */
async function prepare(context: ModelContext, env: Environment, step: Step): Promise<string> {
  const { packageRoot, signal } = context.deps;
  const python = await findPython(env, signal);
  const common = { env, cache: cacheFolder(env), signal, progress: (detail: string): void => step.progress(detail) };
  return ensureModelEnvironment({
    ...common,
    requirements: path.join(templates(context), 'requirements.txt'),
    python,
    uv: () =>
      ensureUv({ ...common, requirements: path.join(packageRoot, 'src/templates/tools/uv.txt'), python: async () => python }),
  });
}

function templates({ deps }: ModelContext): string {
  return path.join(deps.packageRoot, 'src/templates/model');
}

async function dataFolder({ deps, options }: ModelContext): Promise<string | undefined> {
  if (options.data === undefined) return undefined;
  const folder = path.resolve(deps.cwd, options.data);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return folder;
  throw new UsageError({
    code: 'DATA_FOLDER_MISSING',
    message: `--data: there is no folder ${folder}.`,
    hint: 'Name the folder of winequality-red.csv and winequality-white.csv, or leave --data out to take the data that is built in.',
  });
}

function dryRun({ options, settings }: ModelContext, data: string | undefined): CommandResult {
  const server = options.trackingUri ?? `the server of deployment ${settings.name.value}`;
  const steps = [
    `train a random forest on ${data ?? 'the wine-quality data that is built in'}`,
    `log it to ${server}, experiment ${options.experiment}`,
    'register it as a new version of wine_quality, and move the alias and the stage Production to it',
    'load it back by that alias and predict',
  ];
  return {
    data: { dryRun: true, steps },
    show: [{ kind: 'text', text: `Would:\n${steps.map((line) => `  - ${line}`).join('\n')}` }],
  };
}

function resultData(result: ModelResult): Record<string, unknown> {
  const { run, model } = result;
  return {
    auc: result.auc,
    loadedAuc: result.loaded_auc,
    importances: result.importances,
    model,
    run: { id: run.id, name: run.name, experiment: run.experiment, experimentId: run.experiment_id },
    rows: result.rows,
    predictions: result.predictions,
    runUrl: result.run_url,
    modelUrl: result.model_url,
  };
}

function resultBlocks(result: ModelResult): CommandResult['show'] {
  const { model } = result;
  const stage = model.stage === null ? '' : `, stage ${model.stage}`;
  return [
    {
      kind: 'table',
      head: ['Feature', 'Importance'],
      rows: result.importances.map(({ feature, importance }) => [feature, importance.toFixed(4)]),
    },
    {
      kind: 'pairs',
      pairs: [
        ['AUC on the test set', result.auc.toFixed(4)],
        ['Registered', `${model.name} version ${model.version}, alias ${model.alias}${stage}`],
        ['Loaded back as', `${model.uri}, AUC ${result.loaded_auc.toFixed(4)}`],
        [`Prediction for ${result.predictions.length} wines`, result.predictions.map((value) => value.toFixed(2)).join('  ')],
        ['Run', result.run_url],
        ['Model', result.model_url],
      ],
    },
  ];
}
