import type { UserError } from '../errors.ts';
import { UsageError } from '../errors.ts';
import { GoBack, WIZARD_KEYS } from './go-back.ts';
import type { Missing } from './missing.ts';
import { shellWord } from './shell-word.ts';
import type { AnswersSoFar, Course, WizardOptions, WizardQuestion } from './ui.ts';

type Questions = Record<string, WizardQuestion>;
type Answer = string | boolean;

export interface WalkTools {
  /** Whether a person answers what has no answer yet: neither `--yes` nor a program does. */
  person: boolean;
  /** Asks one question of a person, or takes its default where nobody is asked; MISSING_ANSWER where there is none. */
  one(question: WizardQuestion, options: { back: boolean }): Promise<Answer>;
  /** Throws where this cannot be the answer. */
  check(question: WizardQuestion, answer: string): string;
  /** A line for people. */
  say(text: string): void;
  commandLine: string[];
}

/**
 * Goes through the questions in order and, where people go back, against it. Returns the answers, and those that are missing
 * because nobody could be asked.
 */
export async function walk(
  questions: Questions,
  tools: WalkTools,
  { agreesLater = false, course = { answers: {}, remembered: {}, asked: [] } }: WizardOptions,
): Promise<{ answers: AnswersSoFar; missing: Missing[] }> {
  const keys = Object.keys(questions);
  const missing: Missing[] = [];
  const place = () => Math.max(0, keys.indexOf(course.asked.pop() ?? ''));
  const visit = visitor(questions, tools, course, agreesLater);
  for (let at = place(); at < keys.length; ) {
    const key = keys[at] ?? '';
    try {
      await visit(key);
      at++;
    } catch (error) {
      if (error instanceof GoBack) {
        at = place();
        continue;
      }
      if (!(error instanceof UsageError) || error.code !== 'MISSING_ANSWER') throw error;
      missing.push(asMissing(questions[key] as WizardQuestion));
      at++;
    }
  }
  return { answers: course.answers, missing };
}

/** Gives one question its answer. */
function visitor(questions: Questions, tools: WalkTools, course: Course, agreesLater: boolean) {
  let greeted = course.asked.length > 0;
  const greet = () => {
    if (!greeted && tools.person) tools.say(WIZARD_KEYS);
    greeted = true;
  };
  return async (key: string): Promise<void> => {
    const plain = questions[key] as WizardQuestion;
    const { answers, remembered } = course;
    delete answers[key];
    if (plain.when && !plain.when(answers)) return;
    const asks = tools.person && plain.given === undefined;
    if (asks) greet();
    const question = asks && plain.refine ? ({ ...plain, ...(await plain.refine(answers)) } as WizardQuestion) : plain;
    if (question.given !== undefined) {
      answers[key] = typeof question.given === 'string' ? tools.check(question, question.given) : question.given;
      const refusal = tools.person ? await lookAt(question, answers[key], answers) : undefined;
      if (refusal !== undefined) throw refusal;
      return;
    }
    const options = { back: course.asked.length > 0 };
    const interruption = interruptionAfter(questions, course, tools.commandLine, agreesLater);
    for (;;) {
      const answer = await tools.one({ ...withDefault(question, remembered[key]), ...interruption }, options);
      remembered[key] = answer;
      const refusal = tools.person ? await lookAt(question, answer, answers) : undefined;
      if (refusal === undefined) break;
      tools.say(`${refusal.message}\nNext: ${refusal.hint}`);
    }
    answers[key] = remembered[key];
    if (tools.person) course.asked.push(key);
  };
}

function lookAt(question: WizardQuestion, answer: Answer | undefined, answers: AnswersSoFar): Promise<UserError | undefined> {
  return question.look !== undefined && typeof answer === 'string' ? question.look(answer, answers) : Promise.resolve(undefined);
}

/** The answer of before as default, where it can still be one. */
function withDefault(question: WizardQuestion, before: Answer | undefined): WizardQuestion {
  if (before === undefined || question.kind === 'secret') return question;
  if (question.kind === 'select' && !question.choices.some(({ value }) => value === before)) return question;
  return { ...question, default: before } as WizardQuestion;
}

/** What Ctrl-C leaves people with: the answers so far as a command line. */
function interruptionAfter(questions: Questions, course: Course, commandLine: string[], agreesLater: boolean) {
  const words = course.asked.flatMap((key) => spoken(questions[key] as WizardQuestion, course.answers[key]));
  const again = 'Run the same command again to start over';
  return {
    interruption: {
      message: `Interrupted at a question.${agreesLater ? ' Nothing was made.' : ''}`,
      hint:
        words.length === 0
          ? `${again}; answers can also be given as flags.`
          : `${again}, or go on from the answers so far:\n  ${[...commandLine, ...words].map(shellWord).join(' ')}`,
    },
  };
}

/** The answer as flag and value; nothing for what no flag says and for what may not stand on a command line. */
function spoken(question: WizardQuestion, answer: Answer | undefined): string[] {
  if (question.kind === 'secret' || answer === undefined || answer === false) return [];
  if (answer === true) return [question.flag];
  const unflagged = question.kind === 'select' && question.choices.find(({ value }) => value === answer)?.unflagged;
  if (unflagged) return [];
  return answer.startsWith('-') ? [`${question.flag}=${answer}`] : [question.flag, answer];
}

function asMissing(question: WizardQuestion): Missing {
  const { flag, message } = question;
  if (question.kind === 'confirm') return { flag: '--yes', message };
  if (question.kind !== 'select') return { flag, message };
  return { flag, message, choices: question.choices.filter(({ unflagged }) => !unflagged) };
}
