/** Thrown by a question that lets people go back, when they do. Whoever asked it decides what comes before it. */
export class GoBack extends Error {
  override readonly name = 'GoBack';
  constructor() {
    super('back to the question before');
  }
}

/** For people, where a wizard begins. */
export const WIZARD_KEYS = 'Esc goes back to the question before, Ctrl-C leaves; nothing is made before you agree to the plan.';
