import { UserError } from '../errors.ts';

/** What a client of the tracking server needs. */
export interface ClientSettings {
  /** Without a slash at its end. */
  trackingUri: string;
  username?: string;
  password?: string;
}

export const CONNECT_FORMATS = ['env', 'dotenv', 'python', 'json'] as const;
export type ConnectFormat = (typeof CONNECT_FORMATS)[number];

/** The settings by the names that MLflow's clients read (https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth/). */
export function clientVariables(settings: ClientSettings): Record<string, string> {
  return {
    MLFLOW_TRACKING_URI: settings.trackingUri,
    ...(settings.username === undefined ? {} : { MLFLOW_TRACKING_USERNAME: settings.username }),
    ...(settings.password === undefined ? {} : { MLFLOW_TRACKING_PASSWORD: settings.password }),
  };
}

/**
 * Writes the settings so that a shell (`env`: POSIX `export` lines), a .env file, a Python program or any JSON reader takes them as they are.
 * No line break at the end. Throws a {@link UserError} for a value that cannot be written so that every reader reads the same:
 * SETTING_UNPRINTABLE (control characters), SETTING_NOT_DOTENV.
 */
export function formatClientSettings(settings: ClientSettings, format: ConnectFormat): string {
  return formatVariables(clientVariables(settings), format);
}

/** As {@link formatClientSettings}, for variables of any kind. */
export function formatVariables(named: Record<string, string>, format: ConnectFormat): string {
  const variables = Object.entries(named);
  for (const [name, value] of variables) refuseControlCharacters(name, value);
  switch (format) {
    case 'env':
      return variables.map(([name, value]) => `export ${name}=${shellQuoted(value)}`).join('\n');
    case 'dotenv':
      return variables.map(([name, value]) => `${name}=${dotenvQuoted(name, value)}`).join('\n');
    case 'python':
      // JSON's escapes are a part of Python's.
      return ['import os', '', ...variables.map(([name, value]) => `os.environ["${name}"] = ${JSON.stringify(value)}`)].join(
        '\n',
      );
    case 'json':
      return JSON.stringify(Object.fromEntries(variables), null, 2);
  }
}

function refuseControlCharacters(name: string, value: string): void {
  if (!/\p{Cc}|\p{Zl}|\p{Zp}/u.test(value)) return;
  throw new UserError({
    code: 'SETTING_UNPRINTABLE',
    message: `${name} holds a line break or another control character, which no HTTP client can send as it is.`,
    hint: 'Give the secret a new value: mlflow-gcp secrets rotate',
  });
}

/** Single quotes stop all that a POSIX shell does to text; a quote itself stands outside of them. */
function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * Readers of .env files agree on less than it seems: python-dotenv expands `${…}` inside single quotes too, takes a backslash before
 * a quote away, and Docker Compose expands `$` in double quotes. Only what all of them read alike is written.
 */
function dotenvQuoted(name: string, value: string): string {
  const agreed = !value.includes('\\') && !value.includes('${');
  if (agreed && !value.includes("'")) return `'${value}'`;
  if (agreed && !/["$`]/.test(value)) return `"${value}"`;
  throw new UserError({
    code: 'SETTING_NOT_DOTENV',
    message: `${name} has characters that readers of .env files take in different ways (a backslash, \${ or several kinds of quotes).`,
    hint: 'Use another form, such as: mlflow-gcp connect --format env',
  });
}
