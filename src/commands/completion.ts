import type { CommandGroup, CommandSpec } from './command.ts';

const bashCommand: CommandSpec<Record<string, never>> = {
  name: 'bash',
  summary: 'Print the completion script for bash',
  details: 'Bash 3.2 or newer, with or without the bash-completion package. Put the first example into ~/.bashrc.',
  examples: ['source <(mlflow-gcp completion bash)'],
  options: {},
  readsFile: false,
  load: async () => ({ run: (context) => import('./completion-action.ts').then(({ run }) => run(context, 'bash')) }),
};

const zshCommand: CommandSpec<Record<string, never>> = {
  name: 'zsh',
  summary: 'Print the completion script for zsh',
  details:
    'Put the first example into ~/.zshrc, below compinit; or write the script to a file _mlflow-gcp in a folder of $fpath.',
  examples: ['source <(mlflow-gcp completion zsh)', 'mlflow-gcp completion zsh > ~/.zfunc/_mlflow-gcp'],
  options: {},
  readsFile: false,
  load: async () => ({ run: (context) => import('./completion-action.ts').then(({ run }) => run(context, 'zsh')) }),
};

const fishCommand: CommandSpec<Record<string, never>> = {
  name: 'fish',
  summary: 'Print the completion script for fish',
  examples: ['mlflow-gcp completion fish > ~/.config/fish/completions/mlflow-gcp.fish', 'mlflow-gcp completion fish | source'],
  options: {},
  readsFile: false,
  load: async () => ({ run: (context) => import('./completion-action.ts').then(({ run }) => run(context, 'fish')) }),
};

/** One command a shell, so that the shells' names are completed, suggested and refused like those of all other commands. */
export const completionCommand: CommandGroup = {
  name: 'completion',
  summary: 'Print what makes a shell complete commands and flags with the Tab key',
  examples: [
    'source <(mlflow-gcp completion bash)',
    'source <(mlflow-gcp completion zsh)',
    'mlflow-gcp completion fish | source',
  ],
  commands: [bashCommand, zshCommand, fishCommand] as CommandSpec[],
};
