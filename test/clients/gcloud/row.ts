/** One gcloud command and what it prints for the real thing. */
export interface Row {
  /** What follows `gcloud`, as in a shell: quotes hold words together, `$P` is the project, `$N` its number, other `$NAME`s are kept outputs. */
  run: string;
  /** Exit status; 0 when left out. */
  status?: number;
  /** stdout: this text (ends trimmed), a part that matches, or with `--format=json` a document that has at least this. */
  out?: string | RegExp | object;
  /** A part of stderr, where gcloud tells what it did. */
  err?: RegExp;
  /** For stdin. */
  input?: string;
  /** Keeps stdout under this name for later rows. */
  keep?: string;
}

export const REGION = 'us-central1';
