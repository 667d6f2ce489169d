import type { CommandGroup, CommandSpec } from '../src/commands/command.ts';
import { commands } from '../src/commands/list.ts';
import { globalOptions } from '../src/settings/global-options.ts';
import { envName, flagSyntax } from '../src/settings/names.ts';
import type { Option, OptionTable } from '../src/settings/option.ts';
import { documentedErrors } from './docs-errors.ts';
import { VARIABLES } from './docs-variables.ts';

const HEAD = `# Reference

<!-- Written by npm run docs: change src/commands or scripts/docs-*.ts, not this page. -->

\`mlflow-gcp COMMAND --help\` says the same in a terminal.

An option beats its variable, that beats \`mlflow-gcp.yaml\`, that beats the default. A switch such as \`--dry-run\` takes 1, true or yes, or else 0,
false or no, from its variable. The forms of \`mlflow-gcp.yaml\` are in [mlflow-gcp.schema.json](mlflow-gcp.schema.json).
`;

const EXIT = `## Exit status

| status | |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | wrong usage, or an answer is missing |
| 3 | not signed in, or a permission is missing |
| 130 | interrupted (Ctrl-C, SIGTERM) |

With \`--json\`, stdout holds exactly one document: \`{"ok":true,…}\`, or on failure
\`{"ok":false,"error":{"code":"…","message":"…","hint":"…","docs":"…"}}\` with \`null\` where no page explains more.
`;

/** The whole page, made from the command tree and the source. */
export function referenceText(): string {
  const shown = commands.filter(isShown);
  const parts = [
    HEAD,
    contents(shown),
    ...shown.map(commandText),
    `## Options of every command\n\n${optionTable(globalOptions)}`,
    `## Environment variables\n\nEvery option has one, \`MLFLOW_GCP_\` and its name; these are there besides.\n`,
    ...VARIABLES.map(
      ({ group, rows }) =>
        `### ${group}\n\n${table(
          ['variable', ''],
          rows.map(([name, text]) => [`\`${name}\``, text]),
        )}`,
    ),
    EXIT,
    errorText(),
  ];
  return parts.join('\n');
}

function isShown(spec: CommandSpec | CommandGroup): boolean {
  return !('hidden' in spec && spec.hidden);
}

function contents(shown: Array<CommandSpec | CommandGroup>): string {
  return table(
    ['command', 'does'],
    shown.map(({ name, summary }) => [`[\`${name}\`](#mlflow-gcp-${name})`, summary]),
  );
}

function commandText(spec: CommandSpec | CommandGroup): string {
  if (!('commands' in spec)) return specText(spec, [spec.name], 2);
  const below = spec.commands.filter(isShown).map((one) => specText(one, [spec.name, one.name], 3));
  return [`## mlflow-gcp ${spec.name}\n\n${spec.summary}.\n`, ...below].join('\n');
}

function specText(spec: CommandSpec, words: string[], level: number): string {
  const args = spec.args ?? [];
  const usage = args.map(({ name, required = true, many }) => {
    const inner = many ? `${name}...` : name;
    return required ? `<${inner}>` : `[${inner}]`;
  });
  const title = `${'#'.repeat(level)} mlflow-gcp ${words.join(' ')}\n\n${spec.summary}.${spec.details ? ` ${spec.details}` : ''}\n`;
  const taken =
    args.length === 0
      ? []
      : [
          table(
            ['argument', ''],
            args.map((arg, at) => [`\`${usage[at]}\``, arg.description]),
          ),
        ];
  const options = Object.keys(spec.options).length === 0 ? [] : [optionTable(spec.options)];
  const examples = `\`\`\`sh\n${spec.examples.join('\n')}\n\`\`\`\n`;
  return [title, ...taken, ...options, examples].join('\n');
}

function optionTable(options: OptionTable): string {
  return table(
    ['option', 'variable', 'default', ''],
    Object.entries(options).map(([key, option]) => {
      const [description, fallback] = split(option);
      return [`\`${flagSyntax(key, option)}\``, `\`${envName(key, option)}\``, fallback, description];
    }),
  );
}

/** Description and default. Where a default comes later than the options, it stands in the description, in brackets. */
function split({ description, choices, default: fallback }: Option<unknown>): [description: string, fallback: string] {
  const told = / ?\(default: ([^()]*)\)$/.exec(description);
  const words = told === null ? description : description.slice(0, told.index);
  const all = choices && !choices.every((word) => words.includes(word)) ? `${choices.join(', ')}: ${words}` : words;
  if (typeof fallback === 'string' || typeof fallback === 'number') return [all, `\`${fallback}\``];
  return [all, told?.[1] ?? ''];
}

function errorText(): string {
  const rows = documentedErrors().map(({ code, status, hint, files }) => [
    `\`${code}\``,
    String(status),
    hint,
    files.map((file) => `\`${file}\``).join(', '),
  ]);
  return `## Error codes

The code of an error stays the same from version to version; its message names what it is about. What to do next stands below it as \`Next:\`; here,
values that differ are \`…\`, and the place is empty where the advice depends on what happened. [Troubleshooting](troubleshooting.md) goes by what
is seen. The files are those below \`src/\` where the error comes from.

${table(['code', 'status', 'what to do', 'from'], rows)}`;
}

function table(head: string[], rows: string[][]): string {
  const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))];
  return `${lines.map((row) => `| ${row.join(' | ')} |`.replaceAll('|  |', '| |')).join('\n')}\n`;
}

function cell(text: string): string {
  // Outside of code a placeholder such as <id> would be taken for HTML.
  const parts = text.replaceAll('|', '\\|').split('`');
  return parts.map((part, at) => (at % 2 === 0 ? part.replaceAll('<', '&lt;') : part)).join('`');
}
