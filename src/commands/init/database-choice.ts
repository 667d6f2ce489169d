import { UsageError } from '../../errors.ts';
import type { Config } from '../../project/config-schema.ts';
import { DATABASE_ENGINES, type DatabaseEngine, ENGINE_TITLES, engineOf, usualVersion } from '../../project/database-engines.ts';
import { databaseFault } from '../../project/database-rules.ts';
import type { AnswersSoFar, Refinement, WizardQuestion } from '../../ui/ui.ts';
import type { QuestionParts } from './init-questions.ts';
import { standingOf } from './place-questions.ts';
import { OWN_SIZES } from './size-questions.ts';

interface Asked {
  /** As answered or given by flag. */
  database: DatabaseEngine | undefined;
  version: string | undefined;
}

/** Which database MLflow's records are kept in; the same for the life of the deployment. */
export function databaseQuestion(parts: QuestionParts) {
  const { options, config } = parts;
  const given = options.database ?? (options.databaseVersion && engineOf(options.databaseVersion));
  return {
    kind: 'select',
    flag: '--database',
    message: 'Database system',
    why: 'It keeps experiments, runs and the registry; both cost the same. It cannot be changed later.',
    choices: [
      { value: 'postgres', label: 'PostgreSQL', description: 'what most people run MLflow with' },
      { value: 'mysql', label: 'MySQL', description: 'for those who know it and run it already' },
    ],
    default: config.database.engine,
    given,
    when: (answers: AnswersSoFar) => answers['profile'] === OWN_SIZES || given !== undefined,
    refine: async (answers: AnswersSoFar): Promise<Refinement> => {
      const standing = (await standingOf(parts, answers))?.instance?.databaseVersion;
      const engine = standing === undefined ? undefined : engineOf(standing);
      return engine === undefined ? {} : { given: engine };
    },
  } satisfies WizardQuestion;
}

/** The engine of an answer. */
export function engineNamed(answer: string | undefined): DatabaseEngine | undefined {
  return DATABASE_ENGINES.find((engine) => engine === answer);
}

/**
 * Engine and version as they will be: a version says which engine it is of, and an engine that is changed gets its usual version.
 * Throws a {@link UsageError} where flags contradict each other, or the file's other values do not fit the engine.
 */
export function chosenDatabase(
  { engine: before, version: versionBefore, name, user }: Config['database'],
  { database, version }: Asked,
): Pick<Config['database'], 'engine' | 'version'> {
  const engine = database ?? (version === undefined ? undefined : engineOf(version)) ?? before;
  const chosen = { engine, version: version ?? (engine === before ? versionBefore : usualVersion(engine)) };
  const fault = databaseFault({ ...chosen, name, user });
  if (fault === undefined) return chosen;
  throw new UsageError({
    code: 'DATABASE_CHOICE',
    message: `${fault.key === 'version' ? '--database-version' : `database.${fault.key} in mlflow-gcp.yaml`}: ${fault.message}.`,
    hint: `Choose values that fit ${ENGINE_TITLES[engine]}, or the other database with --database.`,
  });
}
