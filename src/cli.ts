import { Command, CommanderError } from 'commander';
import type { Argument, CommandGroup, CommandSpec } from './commands/command.ts';
import { commands as allCommands } from './commands/list.ts';
import type { Deps } from './deps.ts';
import { UsageError } from './errors.ts';
import { Flag } from './settings/flag.ts';
import { globalOptions } from './settings/global-options.ts';
import type { Option, OptionTable } from './settings/option.ts';

const DETAILS = `Sets up a private MLflow tracking server on Google Cloud, from an empty project to the first registered model; with --local, on a simulated Google Cloud on this machine.

Examples:
  mlflow-gcp init --local            try all of it here, without an account
  mlflow-gcp init --project my-id    set it up on Google Cloud
  mlflow-gcp connect --format env    what a client needs`;

const AFTER = `
Every option can be set by a variable as well: --dry-run is MLFLOW_GCP_DRY_RUN=1. An option beats the variable, that beats mlflow-gcp.yaml, that beats the default.

Exit status: 0 done, 1 failed, 2 wrong usage or an answer is missing, 3 not signed in or a permission is missing, 130 interrupted.`;

/** Runs a command that was found; the heavy part of the program starts behind it. */
export type RunCommand = (spec: CommandSpec, command: Command, args: string[]) => Promise<void>;

export interface ProgramParts {
  version: string;
  run: RunCommand;
  commands?: Array<CommandSpec | CommandGroup>;
}

/**
 * Builds a fresh commander tree. It prints help and version to `deps.stdout`, prints no errors, and never ends the process:
 * parsing rejects with a {@link UsageError}, with a CommanderError of exit code 0 after help and version, or with what the command threw.
 */
export function makeProgram(deps: Deps, parts: ProgramParts): Command {
  const program = new Command('mlflow-gcp');
  program
    .usage('<command> [options]')
    .description(DETAILS)
    .addHelpText('after', () => wrapHelp(program, AFTER, deps));
  program.version(parts.version, '-V, --version', 'print the version').helpOption('-h, --help', 'print help');
  program.helpCommand('help [command]', 'print help on a command');
  // Inherited by the commands that are added below, so it has to stand before them.
  program
    .configureOutput(outputTo(deps))
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: 12, subcommandTerm: (command) => command.name() });
  refuseWith(program, parts.commands ?? allCommands);
  addOptions(program, globalOptions);
  for (const spec of parts.commands ?? allCommands) {
    if (!('commands' in spec)) addCommand(program, spec, parts.run);
    else addGroup(program, spec, parts.run);
  }
  return program;
}

/** Turns commander's refusals into ours; anything else is returned as it is. `command` is the one that was being parsed. */
export function fromCommander(error: unknown): unknown {
  if (!(error instanceof CommanderError) || error.exitCode === 0) return error;
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.join(' ').trim();
  return new UsageError({
    code: error.code
      .replace('commander.', '')
      .replaceAll(/[A-Z]/g, (letter) => `_${letter}`)
      .toUpperCase(),
    message: `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, '')}.`,
    hint:
      suggestion === ''
        ? 'Run mlflow-gcp --help, or --help after a command, to see what there is.'
        : suggestion.replace(/^\((.*)\)$/, '$1'),
    cause: error,
  });
}

function addGroup(parent: Command, spec: CommandGroup, run: RunCommand): void {
  const group = describe(parent.command(spec.name), spec).usage('<command> [options]');
  refuseWith(group, spec.commands);
  for (const below of spec.commands) addCommand(group, below, run);
}

/** Where a command is missing, commander prints help on stderr and fails; we say what is missing. */
function refuseWith(command: Command, below: Array<{ name: string }>): void {
  command.exitOverride((error) => {
    throw error.code === 'commander.help' && error.exitCode !== 0 ? missingCommand(command, below) : error;
  });
}

function addCommand(parent: Command, spec: CommandSpec, run: RunCommand): void {
  const command = describe(parent.command(spec.name, { hidden: spec.hidden ?? false }), spec);
  for (const argument of spec.args ?? []) command.argument(argumentSyntax(argument), argument.description);
  addOptions(command, spec.options);
  command.action(() => run(spec, command, command.args));
}

function describe(command: Command, { summary, examples, ...more }: CommandSpec | CommandGroup): Command {
  const details = 'details' in more && more.details !== undefined ? `\n${more.details}` : '';
  const lines = examples.map((example) => `  ${example}`).join('\n');
  return command.summary(summary).description(`${summary}.${details}\n\nExamples:\n${lines}`);
}

function addOptions(command: Command, table: OptionTable): void {
  for (const [key, option] of Object.entries(table)) {
    command.addOption(new Flag(key, option, helpText(option)));
  }
}

function helpText({ description, choices, default: fallback }: Option<unknown>): string {
  const facts = [
    ...(choices ? [choices.join(', ')] : []),
    ...(typeof fallback === 'string' || typeof fallback === 'number' ? [`default: ${fallback}`] : []),
  ];
  return facts.length === 0 ? description : `${description} (${facts.join('; ')})`;
}

function argumentSyntax({ name, required = true, many }: Argument): string {
  const inner = many ? `${name}...` : name;
  return required ? `<${inner}>` : `[${inner}]`;
}

function helpColumns({ stdout }: Deps): number {
  return stdout.isTTY ? Math.min(100, Math.max(40, stdout.columns || 80)) : 80;
}

function wrapHelp(program: Command, text: string, deps: Deps): string {
  return program.createHelp().boxWrap(text, helpColumns(deps));
}

function outputTo(deps: Deps) {
  const columns = () => helpColumns(deps);
  return {
    writeOut: (text: string) => void deps.stdout.write(text),
    writeErr: () => undefined,
    outputError: () => undefined,
    getOutHelpWidth: columns,
    getErrHelpWidth: columns,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  };
}

function missingCommand(command: Command, below: Array<{ name: string }>): UsageError {
  const names = below.map(({ name }) => name).join(', ');
  const path = command.parent ? `mlflow-gcp ${command.name()}` : command.name();
  return new UsageError({
    code: 'MISSING_COMMAND',
    message: `A command is missing after \`${path}\`.`,
    hint: `One of: ${names}. \`${path} --help\` tells what each does.`,
  });
}
