import type { UserError } from '../errors.ts';

/** A question that a person answers; each is tied to the flag that answers it without a person. */
interface Question {
  /** Long flag with its dashes, such as `--project`: named when nobody can be asked. */
  flag: string;
  message: string;
  /** One line on why this is asked and what the choice costs. */
  why?: string;
  /** What is told of Ctrl-C at this question, where more can be said than that the same command starts over. */
  interruption?: { message: string; hint: string };
}
export interface TextQuestion extends Question {
  default?: string;
  /** True, or what is wrong with the answer. The same check is applied to the flag's value. */
  validate?: (value: string) => true | string;
}
export interface Choice {
  value: string;
  label: string;
  description?: string;
  /** A way to further questions, which no value of the flag says. */
  unflagged?: true;
}
export interface SelectQuestion extends Question {
  choices: Choice[];
  default?: string;
}
/** A text with a list to choose it from by typing a part of it; what is not in the list can be typed whole. */
export interface SearchQuestion extends TextQuestion {
  choices: Choice[];
}
export interface ConfirmQuestion extends Question {
  /** Defaults to no: a dangerous thing wants a yes. */
  default?: boolean;
  /** The answer where nobody can be asked, `--yes` or not. Without it, such a run needs `--yes`. */
  unattended?: boolean;
  /** Whether Esc leaves the question: it then throws a {@link GoBack} of `go-back.ts`. */
  back?: boolean;
}

/** What a wizard knows so far. */
export type AnswersSoFar = Readonly<Record<string, string | boolean | undefined>>;
/** What is put over a question once the questions before it are answered. */
export interface Refinement {
  given?: string;
  default?: string;
  why?: string;
  choices?: Choice[];
}

/** A question of a wizard, with the answer that flag, environment or file already give. */
export type WizardQuestion = (
  | ({ kind: 'text'; given?: string | undefined } & TextQuestion)
  | ({ kind: 'secret'; given?: string | undefined } & TextQuestion)
  | ({ kind: 'select'; given?: string | undefined } & SelectQuestion)
  | ({ kind: 'search'; given?: string | undefined } & SearchQuestion)
  | ({ kind: 'confirm'; given?: boolean | undefined } & ConfirmQuestion)
) & {
  /** Asked only if this holds for the answers to the questions before; otherwise the answer is undefined. */
  when?: (answers: AnswersSoFar) => boolean;
  /** What has to be looked up first; called only before a person is asked, so it may take a moment. */
  refine?: (answers: AnswersSoFar) => Promise<Refinement>;
  /**
   * Looks at an answer where a person is there to be told. What it returns refuses the answer: a typed one is asked for again with
   * the old one as default, a given one ends the wizard. What it throws ends it in any case.
   */
  look?: (answer: string, answers: AnswersSoFar) => Promise<UserError | undefined>;
};
/**
 * The way through a wizard. Handed to `all` a second time, the wizard begins at the last question that was asked, and what was
 * answered before stands as default.
 */
export interface Course {
  answers: Record<string, string | boolean | undefined>;
  /** What was answered once, also to questions that came to nothing by going back. */
  remembered: Record<string, string | boolean | undefined>;
  /** Keys of the questions that a person answered, in order. */
  asked: string[];
}
export interface WizardOptions {
  /** An `agree` will follow, so that a missing `--yes` is named with the rest and before any work. */
  agreesLater?: boolean;
  course?: Course;
}
export type Answers<Q extends Record<string, WizardQuestion>> = {
  [K in keyof Q]: (Q[K]['kind'] extends 'confirm' ? boolean : string) | (Q[K] extends { when: unknown } ? undefined : never);
};

/**
 * Asking. Prompts are written to stderr. `--yes` answers confirmations, and data questions by their default. Where nobody can be
 * asked, data questions take their default too, and what is then without an answer is a UsageError (MISSING_ANSWER) with a
 * command line to paste. Ctrl-C at a prompt is an InterruptedError.
 */
export interface Ask {
  text(question: TextQuestion): Promise<string>;
  secret(question: TextQuestion): Promise<string>;
  select(question: SelectQuestion): Promise<string>;
  confirm(question: ConfirmQuestion): Promise<boolean>;
  /** As `confirm`, but a no is a UserError (DECLINED): the command ends with status 1 and one line. */
  agree(question: ConfirmQuestion): Promise<void>;
  /**
   * Asks all questions of a wizard in order and checks the given answers; Esc goes back to the question before. Where nobody can be
   * asked, it fails once, naming every missing answer.
   */
  all<const Q extends Record<string, WizardQuestion>>(questions: Q, options?: WizardOptions): Promise<Answers<Q>>;
}

/** A piece of work that is being shown. */
export interface Step {
  /** A short word on what is going on, in place of the last one. */
  progress(detail: string): void;
}

/** A set of steps that run at once; the terminal form shows them together. */
export interface StepGroup {
  run<T>(title: string, work: (step: Step) => Promise<T>, options?: StepOptions<T>): Promise<T>;
}
export interface StepOptions<T = unknown> {
  /** Usual duration in seconds, shown when the step takes longer than a moment. */
  usualSeconds?: number;
  /** Turns the value that the work returned into the word behind the title: created, updated, unchanged. */
  outcome?(value: T): string;
  /** Id of the resource that it is about, and what is planned for it: for the log of steps. */
  resource?: string;
  action?: string;
}

/** A row or a list for people; the json form leaves it out. */
export type Block =
  | { kind: 'text'; text: string }
  /** Lines to paste or to read by a program: never broken, whatever the width. */
  | { kind: 'verbatim'; text: string }
  | { kind: 'pairs'; pairs: Array<[string, string]> }
  | { kind: 'table'; head: string[]; rows: string[][] };

/**
 * The one way in which the program asks and shows. There are three forms: terminal, plain and json.
 * What a command returns is its result; commands never look at `--json`.
 */
export interface Ui {
  /** Whether a person can be asked: stdin and stderr are terminals, not CI, no `--no-input`, no `--json`. */
  readonly interactive: boolean;
  readonly ask: Ask;
  /** Runs `work` as one visible step on stderr and returns its value. Rethrows what it throws. */
  step<T>(title: string, work: (step: Step) => Promise<T>, options?: StepOptions<T>): Promise<T>;
  /** Runs steps side by side under one display. */
  steps<T>(work: (group: StepGroup) => Promise<T>): Promise<T>;
  /** Blocks for people on stderr before a question or a wait (a plan, say); left out by `--quiet` and `--json`. */
  preview(blocks: Block[]): void;
  /** stderr, left out by `--quiet` and `--json`. */
  note(text: string): void;
  /** stderr, always. */
  warn(text: string): void;
  /** stderr, only with `--verbose`. */
  debug(text: string): void;
}

/** What a command gives back: `data` is the `--json` document's content, `show` is what stdout gets otherwise. */
export interface CommandResult {
  data: Record<string, unknown>;
  show: Block[];
  /** The command has a result and failed all the same (a check that found something): shown after the result, and sets the exit status. */
  failure?: UserError;
}
