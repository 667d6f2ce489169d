import { InterruptedError } from './errors.ts';

export interface Interruptible {
  /** Aborted by Ctrl-C and SIGTERM with an InterruptedError, and by whatever else ends the program early. */
  signal: AbortSignal;
  /** Whether the reader of stdout went away (`| head`): there is nobody left to tell anything. */
  outputClosed(): boolean;
  release(): void;
}

/**
 * Makes Ctrl-C (SIGINT), SIGTERM and SIGHUP one thing: the first aborts the signal, so that the program ends by itself with
 * status 130; the second ends the process at once, as if the program had never listened.
 */
export function interruptible(process: NodeJS.Process): Interruptible {
  const controller = new AbortController();
  let closed = false;
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      process.off(name, onSignal);
      process.kill(process.pid, name);
      return;
    }
    controller.abort(new InterruptedError({ message: 'Interrupted.', hint: 'Run the same command again to go on.' }));
  };
  const onOutputError = (error: NodeJS.ErrnoException) => {
    // Other faults of stdout reach whoever waits for the write.
    if (error.code !== 'EPIPE') return;
    closed = true;
    controller.abort(error);
  };
  const onStray = (error: unknown) => controller.abort(error);
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const name of signals) process.on(name, onSignal);
  process.on('uncaughtException', onStray);
  process.on('unhandledRejection', onStray);
  process.stdout.on('error', onOutputError);
  process.stderr.on('error', ignoreStderr);
  return {
    signal: controller.signal,
    outputClosed: () => closed,
    release: () => {
      for (const name of signals) process.off(name, onSignal);
      process.off('uncaughtException', onStray);
      process.off('unhandledRejection', onStray);
    },
  };
}

/** Without a listener, a terminal that went away would end the program with a stack trace nobody can read. */
function ignoreStderr(): void {
  // Nothing can be told any more.
}
