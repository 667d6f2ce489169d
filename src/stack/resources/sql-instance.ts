import { USUAL_SECONDS } from '../../durations.ts';
import { UserError } from '../../errors.ts';
import { createInstance, deleteInstance, getInstance, patchInstance, type RunningInstance } from '../../gcp/sql.ts';
import { ENGINE_TITLES, engineOf } from '../../project/database-engines.ts';
import type { Deployment } from '../deployment.ts';
import { type Ownership, ownershipOf } from '../ownership.ts';
import type { Resource } from '../resource.ts';
import { compareAdopted, compareSettings, type SettingsChange, wantedInstance } from './sql-settings.ts';

const FINAL_BACKUP_DAYS = 7;

/** The Cloud SQL instance: encrypted connections only, daily backups, protected against deletion. */
export function sqlInstanceResource(deployment: Deployment): Resource {
  const { project, database, sqlInstance } = deployment;
  const args = { project, instance: sqlInstance };
  const title = `Cloud SQL instance ${sqlInstance}`;
  const adoption = { flag: `--instance ${sqlInstance}`, named: database.instance !== undefined };
  const whose = (found: RunningInstance): Ownership => ownershipOf(title, found.settings.userLabels, deployment, adoption);
  const compare = (found: RunningInstance): SettingsChange =>
    whose(found) === 'ours' ? compareSettings(found.settings, deployment) : compareAdopted(found.settings);
  const check = (found: RunningInstance): void => {
    whose(found);
    if (engineOf(found.databaseVersion) !== database.engine) throw engineDiffers(found, deployment);
    if (found.databaseVersion !== database.version) throw versionDiffers(found, deployment);
  };
  return {
    id: 'sql-instance',
    title,
    dependsOn: ['services'],
    usualSeconds: USUAL_SECONDS['sql.instances.insert'],
    holdsData: true,
    async observe({ google }) {
      const found = await getInstance(google, args);
      if (found === undefined) return { action: 'create', differences: [] };
      check(found);
      // Carrying the plan out waits for one that an ended run has left in the making, or tells why that is in vain: nothing can be made
      // in it before.
      const waiting = found.state === 'RUNNABLE' ? [] : [`state: ${found.state} → RUNNABLE`];
      const differences = [...waiting, ...compare(found).differences];
      if (whose(found) === 'adopted') return { action: 'adopt', differences };
      return { action: differences.length > 0 ? 'update' : 'unchanged', differences };
    },
    async ensure({ google }, progress) {
      const onPoll = ({ elapsedMs }: { elapsedMs: number }) => progress(`${Math.round(elapsedMs / 1000)} s`);
      const body = wantedInstance(deployment);
      const { value, created, certain } = await createInstance(google, { project, body, onPoll });
      check(value);
      if (created && certain) return 'created';
      const { differences, patch } = compare(value);
      if (differences.length === 0) return created ? 'created' : 'unchanged';
      await patchInstance(google, { ...args, settings: patch, onPoll });
      return 'updated';
    },
    async remove({ google }, progress) {
      const found = await getInstance(google, args);
      if (found === undefined) return 'absent';
      if (whose(found) === 'adopted') return 'kept';
      progress('lifting the deletion protection');
      if (found.settings.deletionProtectionEnabled)
        await patchInstance(google, { ...args, settings: { deletionProtectionEnabled: false } });
      progress(`deleting, with a last backup kept for ${FINAL_BACKUP_DAYS} days`);
      await deleteInstance(google, { ...args, finalBackupDays: FINAL_BACKUP_DAYS });
      return 'deleted';
    },
  };
}

/** The error for an instance that runs another kind of database than the one asked for: none can become the other. */
export function engineDiffers(
  found: Pick<RunningInstance, 'name' | 'databaseVersion'>,
  { name, database }: Pick<Deployment, 'name' | 'database'>,
): UserError {
  const engine = engineOf(found.databaseVersion);
  const runs = engine === undefined ? found.databaseVersion : ENGINE_TITLES[engine];
  const keep =
    engine === undefined ? 'Leave --instance out' : `Keep it with --database ${engine} (database.engine in mlflow-gcp.yaml)`;
  return new UserError({
    code: 'DATABASE_ENGINE_DIFFERS',
    message: `Cloud SQL instance ${found.name} of deployment ${name} runs ${runs}, and ${ENGINE_TITLES[database.engine]} is asked for: an instance cannot change from one to the other.`,
    hint: `${keep}, or make a deployment of another name beside it: mlflow-gcp init --database ${database.engine} --name ${name.slice(0, 17)}-${database.engine === 'mysql' ? 'mysql' : 'pgsql'}`,
  });
}

function versionDiffers(found: RunningInstance, { database, project }: Deployment): UserError {
  return new UserError({
    code: 'SQL_VERSION_DIFFERS',
    message: `Cloud SQL instance ${found.name} in project ${project} runs ${found.databaseVersion}, and ${database.version} is asked for.`,
    hint: `Set database.version to ${found.databaseVersion} in mlflow-gcp.yaml; to upgrade the instance itself: gcloud sql instances patch ${found.name} --database-version=${database.version} --project=${project}`,
  });
}
