import { UsageError } from '../../errors.ts';
import { SECRET_KEYS, type SecretKey } from '../../stack/deployment.ts';

/**
 * The secret that a name on the command line means: `tracking_password`, or whole as `mlflow_tracking_password`. Throws
 * UNKNOWN_SECRET, which does not repeat what was given: it may be a value in the wrong place.
 */
export function secretKeyOf<K extends SecretKey>(given: string, name: string, known: readonly K[]): K {
  const found = known.find((key) => given === key || given === `${name}_${key}`);
  if (found !== undefined) return found;
  const other = SECRET_KEYS.find((key) => given === key || given === `${name}_${key}`);
  throw new UsageError({
    code: 'UNKNOWN_SECRET',
    message:
      other === undefined
        ? `That is no secret of deployment ${name}.`
        : `${other} says where something is, or who: it cannot be made up anew.`,
    hint: `Name one of ${known.join(', ')}.${other === undefined ? '' : ` To give it another value: mlflow-gcp secrets set ${other}`}`,
  });
}
