import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '../support/program.ts';
import { line, type Scenario } from './scenario.ts';

const elsewhere = { GOOGLE_CLOUD_PROJECT: '' };

function folderWith(text: string): string {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'mlflow-gcp.yaml'), text);
  return folder;
}

/** A scenario that needs a folder, which is made when it runs. */
function inFolder(code: string, text: string, args: string[]): Scenario {
  return { code, run: (stage) => line(code, args, {}, folderWith(text)).run(stage) };
}

/** What is wrong already with what was typed, exported or written. */
export const usageScenarios: Scenario[] = [
  line('UNKNOWN_COMMAND', ['nonsense']),
  line('UNKNOWN_OPTION', ['status', '--nonsense']),
  line('OPTION_MISSING_ARGUMENT', ['status', '--tracking-uri'].slice(0, 1).concat('--timeout')),
  line('MISSING_ARGUMENT', ['secrets', 'set']),
  line('EXCESS_ARGUMENTS', ['status', 'more']),
  line('MISSING_COMMAND', ['local']),
  line('INVALID_VALUE', ['init', '--tier', 'large']),
  line('MISSING_ANSWER', ['status'], elsewhere),
  line('CONFIG_UNREADABLE', ['status', '--config', 'nothing.yaml']),
  inFolder('CONFIG_INVALID', 'database: {tiers: x}\n', ['status']),
  line('FOLDER_MISSING', ['deploy']),
  line('FOLLOW_AND_JSON', ['local', 'logs', '--follow']),
  line('PLAN_FORMAT_WITHOUT_DRY_RUN', ['init', '--yes', '--plan-format', 'json']),
  line('PASSWORD_FILE_UNREADABLE', ['init', '--yes', '--password-file', 'nowhere']),
  line('UNKNOWN_SECRET', ['secrets', 'set', 'nonsense']),
  line('TRACKING_URI_INVALID', ['model', '--tracking-uri', 'nonsense']),
  line('TRACKING_URI_WITH_PASSWORD', ['model', '--tracking-uri', 'https://a:b@example.com']),
  line('DATA_FOLDER_MISSING', ['model', '--data', 'nowhere']),
  line('PROXY_INVALID', ['status'], { HTTPS_PROXY: 'ftp://proxy.example.com' }),
  line('NO_PROXY_INVALID', ['status'], { NO_PROXY: '10.0.0.0/99' }),
  line('CA_FILE_UNREADABLE', ['status'], { NODE_EXTRA_CA_CERTS: '/nonexistent/ca.pem' }),
  line('CA_FILE_UNREADABLE', ['status'], { NODE_EXTRA_CA_CERTS: '/dev/zero' }),
  line('ACCESS_TOKEN_INVALID', ['status'], { CLOUDSDK_AUTH_ACCESS_TOKEN: 'two words' }),
  line('LOCAL_FOLDER_NOT_OWN', ['local', 'status'], { MLFLOW_GCP_HOME: '/' }),
  line('PYTHON_UNFIT', ['model', '--tracking-uri', 'http://127.0.0.1:9'], { MLFLOW_GCP_PYTHON: '/nonexistent/python' }),
];
