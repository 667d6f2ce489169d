import { AccessError, UsageError, UserError } from '../errors.ts';
import { getBillingInfo } from '../gcp/billing.ts';
import { failureOf, isPermissionDenied, isServiceDisabled, ownError } from '../gcp/errors.ts';
import type { Google } from '../gcp/google.ts';
import { deploymentLabels } from '../gcp/labels.ts';
import { getProject } from '../gcp/projects.ts';
import { listInstances, type SqlInstance } from '../gcp/sql.ts';
import { type Config, choicesOf, configSchema } from '../project/config-schema.ts';
import { engineOf } from '../project/database-engines.ts';
import { requireProject, type Settings } from '../settings/settings.ts';
import { type Deployment, nameDeployment } from '../stack/deployment.ts';
import { settle } from '../stack/settle.ts';

/** The file's values, or the defaults, with project, region and name as flags and environment say them. */
export function configOf(settings: Settings): Config {
  const base = settings.file?.config ?? configSchema.parse({});
  return {
    ...base,
    target: settings.local ? 'local' : 'cloud',
    project: settings.project?.value ?? base.project,
    region: settings.region.value,
    name: settings.name.value,
  };
}

/** The project of the flags, else the one that the target itself has; a UsageError where neither names one. */
export function projectOf(settings: Settings, google: Google): string {
  return settings.project?.value ?? google.target.defaultProject ?? requireProject(settings);
}

/**
 * Names everything that belongs to the deployment. Looks up the project's number, whether it can spend money, and the instance that
 * carries the deployment's labels (after a name could not be used again, it is not the usual one; what it runs is the database).
 * Throws PROJECT_NOT_FOUND, BILLING_OFF, DEPLOYMENT_ELSEWHERE, or what Google answers.
 */
export async function openDeployment(google: Google, config: Config, project: string): Promise<Deployment> {
  return (await openStanding(google, config, project)).deployment;
}

/** As {@link openDeployment}, with the instance that was found by its labels. */
export async function openStanding(
  google: Google,
  config: Config,
  project: string,
): Promise<{ deployment: Deployment; instance: SqlInstance | undefined }> {
  const choices = choicesOf(config, project);
  const [found, instance, billing] = await settle([
    getProject(google, { project }),
    labelledInstance(google, project, config.name),
    billingEnabled(google, project),
  ]);
  if (found === undefined) throw projectNotFound(project);
  if (billing === false) throw billingOff(project);
  if (instance !== undefined && instance.region !== config.region) throw deploymentElsewhere(config, instance.region);
  const own = choices.database.instance === undefined ? instance : undefined;
  const database = { ...choices.database, ...otherEngine(choices.database, own) };
  const named = nameDeployment({ ...choices, database }, found.projectNumber);
  return { deployment: own === undefined ? named : { ...named, sqlInstance: own.name }, instance: own };
}

/** What the instance runs, where that is another database than the config names: with the folder lost, nothing else tells. */
function otherEngine(database: Config['database'], instance: SqlInstance | undefined): Partial<Config['database']> {
  const engine = instance && engineOf(instance.databaseVersion);
  if (engine === undefined || engine === database.engine) return {};
  return { engine, version: instance?.databaseVersion ?? database.version };
}

/**
 * Why nothing can be made in the project: it is not there or not to be seen, it cannot spend money, or Google refuses to speak of
 * it. Undefined where nothing is in the way.
 */
export async function projectProblem(google: Google, project: string): Promise<UserError | undefined> {
  try {
    const [found, billing] = await settle([getProject(google, { project }), billingEnabled(google, project)]);
    if (found === undefined) return projectNotFound(project);
    return billing === false ? billingOff(project) : undefined;
  } catch (error) {
    const status = failureOf(error)?.status ?? 0;
    // 401 is about who asks, and the same in every project.
    if (status < 400 || status === 401 || status >= 500) throw error;
    return ownError(error);
  }
}

/** Two deployments of one name cannot be in one project: accounts, buckets and secrets have no region in their names. */
export function deploymentElsewhere({ name, region }: Pick<Config, 'name' | 'region'>, elsewhere: string): UsageError {
  return new UsageError({
    code: 'DEPLOYMENT_ELSEWHERE',
    message: `Deployment ${name} stands in ${elsewhere} and cannot be moved; ${region} is asked for.`,
    hint: `Go on with it by --region ${elsewhere}, or make another one beside it with --name.`,
  });
}

async function labelledInstance(google: Google, project: string, name: string): Promise<SqlInstance | undefined> {
  try {
    const [first] = await listInstances(google, { project, labels: deploymentLabels(name) });
    return first;
  } catch (error) {
    if (isServiceDisabled(error) || isPermissionDenied(error)) return undefined;
    throw error;
  }
}

/** Undefined where it cannot be known: Cloud Billing's own service may be off, and not everybody may look. */
async function billingEnabled(google: Google, project: string): Promise<boolean | undefined> {
  try {
    return (await getBillingInfo(google, { project })).billingEnabled;
  } catch (error) {
    if (isServiceDisabled(error) || isPermissionDenied(error)) return undefined;
    throw error;
  }
}

function projectNotFound(project: string): AccessError {
  return new AccessError({
    code: 'PROJECT_NOT_FOUND',
    message: `Project ${project} does not exist, or you may not see it.`,
    hint: `See which projects you have with: gcloud projects list — or make it: gcloud projects create ${project}`,
    docs: 'https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects',
  });
}

function billingOff(project: string): UserError {
  return new UserError({
    code: 'BILLING_OFF',
    message: `Project ${project} has no active billing account, and Google wants one for Cloud SQL and Cloud Run.`,
    hint: `Link one at https://console.cloud.google.com/billing/linkedaccount?project=${project} or with: gcloud billing projects link ${project} --billing-account=ACCOUNT_ID (gcloud billing accounts list shows them); then try again.`,
    docs: 'https://docs.cloud.google.com/billing/docs/how-to/modify-project',
  });
}
