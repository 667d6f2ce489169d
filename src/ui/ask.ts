import { InterruptedError, UsageError, UserError } from '../errors.ts';
import { type Missing, missingAnswers } from './missing.ts';
import type { Modes } from './modes.ts';
import type { Answers, Ask, ConfirmQuestion, SelectQuestion, TextQuestion, WizardQuestion } from './ui.ts';

/** What draws the prompts; it is loaded when the first question is asked. */
export interface Prompter {
  text(question: TextQuestion): Promise<string>;
  secret(question: TextQuestion): Promise<string>;
  select(question: SelectQuestion): Promise<string>;
  confirm(question: ConfirmQuestion): Promise<boolean>;
}

export interface AskParts {
  modes: Modes;
  /** The command line as it was given, from the program's name on. */
  commandLine: string[];
  prompter(): Promise<Prompter>;
}

/** The asking part of a Ui: decides for each question whether a person, a default or nobody answers it. */
export function makeAsk({ modes, commandLine, prompter }: AskParts): Ask {
  const { interactive, yes } = modes;
  const fail = (missing: Missing[]) => missingAnswers(missing, commandLine);
  const prompt = async <T>(draw: (prompter: Prompter) => Promise<T>): Promise<T> => {
    try {
      return await draw(await prompter());
    } catch (error) {
      throw asInterruption(error);
    }
  };

  /** The answer of a data question without asking anybody, or undefined if it has to be asked. */
  function settled(question: { default?: string }): string | undefined {
    return yes || !interactive ? question.default : undefined;
  }
  async function data(kind: 'text' | 'secret', question: TextQuestion): Promise<string> {
    const answer = settled(question);
    if (answer !== undefined) return valid(question, answer);
    if (!interactive) throw fail([question]);
    return prompt((prompter) => prompter[kind](question));
  }
  async function select(question: SelectQuestion): Promise<string> {
    const answer = settled(question);
    if (answer !== undefined) return answer;
    if (!interactive) throw fail([question]);
    return prompt((prompter) => prompter.select(question));
  }
  async function confirm(question: ConfirmQuestion): Promise<boolean> {
    if (!interactive && question.unattended !== undefined) return question.unattended;
    if (yes) return true;
    if (!interactive) throw fail([{ flag: '--yes', message: question.message }]);
    return prompt((prompter) => prompter.confirm(question));
  }
  function one(question: WizardQuestion): Promise<string | boolean> {
    if (question.kind === 'confirm') return confirm(question);
    return question.kind === 'select' ? select(question) : data(question.kind, question);
  }

  return {
    text: (question) => data('text', question),
    secret: (question) => data('secret', question),
    select,
    confirm,
    agree: async (question) => {
      if (!(await confirm(question))) throw declined();
    },
    all: async (questions, options = {}) => {
      const agreement: Missing[] =
        options.agreesLater && !interactive && !yes && !modes.dryRun ? [{ flag: '--yes', message: 'Agree to the plan' }] : [];
      return (await askAll(questions, one, agreement, fail)) as Answers<typeof questions>;
    },
  };
}

/** Asks in order; a question that nobody can answer is set aside, and all of them are reported at the end. */
async function askAll(
  questions: Record<string, WizardQuestion>,
  one: (question: WizardQuestion) => Promise<string | boolean>,
  agreement: Missing[],
  fail: (missing: Missing[]) => UsageError,
): Promise<Record<string, string | boolean | undefined>> {
  const answers: Record<string, string | boolean | undefined> = {};
  const missing: Missing[] = [];
  for (const [key, question] of Object.entries(questions)) {
    if (question.when && !question.when(answers)) continue;
    if (question.given !== undefined) {
      answers[key] = typeof question.given === 'string' ? valid(question, question.given) : question.given;
      continue;
    }
    try {
      answers[key] = await one(question);
    } catch (error) {
      if (!(error instanceof UsageError) || error.code !== 'MISSING_ANSWER') throw error;
      missing.push(question.kind === 'confirm' ? { flag: '--yes', message: question.message } : question);
    }
  }
  const all = [...missing, ...agreement];
  if (all.length > 0) throw fail(all);
  return answers;
}

/** The same check for an answer that was given by flag as for one that was typed. */
function valid(question: WizardQuestion | TextQuestion, answer: string): string {
  const wrong =
    'choices' in question ? checkChoice(question, answer) : 'validate' in question ? question.validate?.(answer) : true;
  if (wrong === undefined || wrong === true) return answer;
  throw new UsageError({
    code: 'INVALID_VALUE',
    message: `${question.flag} is ${JSON.stringify(answer)}: ${wrong}.`,
    hint: `Give ${question.flag} another value, or leave it out to be asked.`,
  });
}

function checkChoice(question: SelectQuestion, answer: string): true | string {
  const values = question.choices.map((choice) => choice.value);
  return values.includes(answer) ? true : `expected one of ${values.join(', ')}`;
}

function declined(): UserError {
  return new UserError({
    code: 'DECLINED',
    message: 'Nothing was done, because the answer was no.',
    hint: 'Run the command again to decide anew; --dry-run shows what would be done.',
  });
}

/** Inquirer's own names for Ctrl-C and for an aborted signal (https://github.com/SBoudrias/Inquirer.js#handling-ctrlc-gracefully). */
function asInterruption(error: unknown): unknown {
  if (!(error instanceof Error) || !['ExitPromptError', 'AbortPromptError', 'CancelPromptError'].includes(error.name))
    return error;
  return new InterruptedError({
    message: 'Interrupted at a question.',
    hint: 'Run the same command again to start over; answers can also be given as flags.',
    cause: error,
  });
}
