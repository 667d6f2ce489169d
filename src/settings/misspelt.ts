import { envName } from './names.ts';

const PREFIX = envName('');
/** Read beside those of the flags. */
export const OTHER_VARIABLES = ['MLFLOW_GCP_HOME', 'MLFLOW_GCP_CACHE', 'MLFLOW_GCP_PYTHON'];

/**
 * Sentences about variables that look as if they were ours and that nothing reads: a misspelt one would be ignored without a word.
 * `variables`: those of every option of the program. Values are not repeated; they may be anything.
 */
export function misspeltVariables(env: Readonly<Record<string, string | undefined>>, variables: string[]): string[] {
  const known = [...new Set([...variables, ...OTHER_VARIABLES])];
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && (env[name] ?? '').trim() !== '' && !known.includes(name))
    .sort()
    .map((name) => {
      const near = nearest(name, known);
      return near === undefined
        ? `${name} is no variable of this program, and is ignored.`
        : `${name} is no variable of this program, and is ignored. Is ${near} meant?`;
    });
}

/** The known name that differs in the fewest characters, if those are few enough to be a slip. */
function nearest(name: string, known: string[]): string | undefined {
  const own = name.slice(PREFIX.length);
  const rated = known.map((one) => ({ one, distance: distance(own, one.slice(PREFIX.length)) }));
  const [best] = rated.sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, own.length / 3) ? best.one : undefined;
}

/** How many characters have to be put in, taken out, replaced or swapped. https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance */
function distance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, at) => at)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      const steps = [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1)];
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) steps.push(at(i - 2, j - 2) + 1);
      row.push(Math.min(...steps));
    }
  }
  return at(from.length, to.length);
}
