import { Option as CommanderOption } from 'commander';
import { envName, flagSyntax } from './names.ts';
import type { Option } from './option.ts';

/** An option as commander takes it from the command line, which knows its variable by name. Commander itself reads no variable. */
export class Flag extends CommanderOption {
  readonly variable: string;

  constructor(key: string, option: Option<unknown>, description: string) {
    super(flagSyntax(key, option), description);
    this.variable = envName(key, option);
  }
}
