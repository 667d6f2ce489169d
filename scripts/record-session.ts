// Writes a real run on the local target into README.md: `npm run docs:session`. It has a local target of its own, and removes it.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
const readme = path.join(root, 'README.md');
const BEGIN = '<!-- session: recorded by npm run docs:session -->';
const END = '<!-- end of session -->';
/** `--quiet` where a command has more steps than anybody wants to read. */
const SESSION = [['init', '--local', '--yes', '--quiet'], ['deploy'], ['model', '--quiet'], ['connect', '--quiet']];

const scratch = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-session-'));
const folder = path.join(scratch, 'mlflow');
// The caches are the user's own, so that what is recorded is a second run, and no download.
const kept = Object.entries(process.env).filter(([name]) => !/^(MLFLOW_|GOOGLE_|CLOUDSDK_)/.test(name));
const env = { ...Object.fromEntries(kept), XDG_DATA_HOME: path.join(scratch, 'data'), NO_COLOR: '1', CI: 'true' };

try {
  await mkdir(folder);
  const parts: string[] = [];
  for (const words of SESSION) parts.push(await recorded(words));
  const text = parts.join('\n');
  const password = /^export MLFLOW_TRACKING_PASSWORD='(.*)'$/m.exec(text)?.[1];
  if (password === undefined) throw new Error('connect printed no password');
  const told = text.replaceAll(password, '…').replaceAll(folder, '~/mlflow');
  if (told.includes(scratch)) throw new Error(`the session names a path of this machine:\n${told}`);
  await intoReadme(told);
} finally {
  await run(['local', 'stop']);
  await run(['local', 'reset', '--yes']);
  await rm(scratch, { recursive: true, force: true });
}

/** One command as typed, what it printed, and how long it took. Of the two lines of each step, the second says all. */
async function recorded(words: string[]): Promise<string> {
  const begun = performance.now();
  const { status, text } = await run(words);
  if (status !== 0) throw new Error(`mlflow-gcp ${words.join(' ')} ended with status ${status}:\n${text}`);
  const lines = stripVTControlCharacters(text)
    .split('\n')
    .filter((line) => !line.startsWith('start '))
    .map((line) => line.trimEnd());
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  return `$ mlflow-gcp ${words.join(' ')}    # ${seconds} s\n${lines.join('\n').trim()}\n`;
}

function run(words: string[]): Promise<{ status: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, 'bin/mlflow-gcp.js'), ...words], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    const add = (chunk: string): void => {
      text += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', add);
    child.stderr.setEncoding('utf8').on('data', add);
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, text }));
  });
}

async function intoReadme(session: string): Promise<void> {
  const [before, rest] = (await readFile(readme, 'utf8')).split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${readme} has no ${BEGIN} … ${END}`);
  await writeFile(readme, `${before}${BEGIN}\n\n\`\`\`console\n${session}\`\`\`\n\n${END}${after}`);
}
