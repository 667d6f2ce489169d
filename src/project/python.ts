import { UsageError, UserError } from '../errors.ts';
import { type Environment, lastLines, runTool } from './tool.ts';

export const OLDEST_PYTHON = [3, 11] as const;
const NAMES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
const ASK_SECONDS = 20;
// Isolated, so that no PYTHON… variable or file in the current folder gets in the way of the answer.
const QUESTION = ['-I', '-c', 'import sys; print(sys.executable); print(".".join(map(str, sys.version_info[:3])))'];

export interface Python {
  /** Absolute path of the interpreter. */
  path: string;
  /** Such as 3.12.4. */
  version: string;
}

type Finding = Python | { problem: string };

/**
 * Finds a Python that is new enough: the one that `MLFLOW_GCP_PYTHON` names, else `python3` and then `python3.14` down to `python3.11`
 * on PATH. Each is started once, as a name says nothing: a shim may stand for nothing, and `python3` may be of any age.
 *
 * Throws a {@link UsageError} when `MLFLOW_GCP_PYTHON` names an unfit one, a {@link UserError} (PYTHON_MISSING, PYTHON_TOO_OLD) that
 * says what was found when there is none.
 */
export async function findPython(env: Environment, signal?: AbortSignal): Promise<Python> {
  const named = env['MLFLOW_GCP_PYTHON'];
  if (named) return namedPython(named, env, signal);
  const problems: string[] = [];
  for (const name of NAMES) {
    const finding = await ask(name, env, signal);
    if (finding === undefined) continue;
    if ('problem' in finding) problems.push(finding.problem);
    else if (isNewEnough(finding.version)) return finding;
    else problems.push(`${finding.path} is Python ${finding.version}`);
  }
  throw nothingFits([...new Set(problems)]);
}

async function namedPython(named: string, env: Environment, signal: AbortSignal | undefined): Promise<Python> {
  const finding = (await ask(named, env, signal)) ?? { problem: `there is no program ${named}` };
  if (!('problem' in finding) && isNewEnough(finding.version)) return finding;
  const problem = 'problem' in finding ? finding.problem : `${finding.path} is Python ${finding.version}`;
  throw new UsageError({
    code: 'PYTHON_UNFIT',
    message: `MLFLOW_GCP_PYTHON does not name a Python ${OLDEST_PYTHON.join('.')} or newer: ${problem}.`,
    hint: 'Set it to the path of such an interpreter, or unset it so that PATH is searched.',
  });
}

function nothingFits(problems: string[]): UserError {
  const needed = `Python ${OLDEST_PYTHON.join('.')} or newer`;
  return new UserError({
    code: problems.length > 0 ? 'PYTHON_TOO_OLD' : 'PYTHON_MISSING',
    message:
      problems.length > 0
        ? `${needed} was not found; ${problems.join('; ')}.`
        : `${needed} was not found: there is no python3 on PATH.`,
    hint: 'Install it (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python), or name one: MLFLOW_GCP_PYTHON=/path/to/python3',
    docs: 'https://www.python.org/downloads/',
  });
}

/** What answers to this name: undefined when nothing does. */
async function ask(name: string, env: Environment, signal: AbortSignal | undefined): Promise<Finding | undefined> {
  const result = await runTool(name, QUESTION, { env, timeoutSeconds: ASK_SECONDS, ...(signal ? { signal } : {}) });
  if (result.missing) return undefined;
  if (result.timedOut) return { problem: `${name} did not answer within ${ASK_SECONDS} s` };
  const [path, version] = result.stdout.split('\n');
  if (!result.ok || !path || !version || !/^\d+\.\d+\.\d+$/.test(version)) {
    return { problem: `${name} does not work (${lastLines(result.stderr, 1) || `exit status ${result.exitCode ?? 'unknown'}`})` };
  }
  return { path, version };
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);
}
