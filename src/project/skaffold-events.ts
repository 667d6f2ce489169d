import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** A step of skaffold that failed, with a name of its enumeration StatusCode. */
export interface SkaffoldFault {
  code: string;
  message: string;
}

/** What skaffold tells while it works, as far as we use it. https://skaffold.dev/docs/references/api/grpc/#event */
export interface SkaffoldEvent {
  /** A phase: Build, Test, Render, Deploy. */
  task?: { name: string; status: string };
  /** A part of building: Cache (is it built already?), Build, Push. */
  build?: { step: string; status: string };
  /** A piece of output. */
  text?: string;
  /** The phase that it is of: `Build-0`. */
  taskId?: string;
  fault?: SkaffoldFault;
  /** Whether the fault is of the last look at the service: the closest to the cause. */
  ofStatusCheck?: boolean;
}

const fault = z.looseObject({ errCode: z.string().default(''), message: z.string().default('') }).nullish();
const part = z.looseObject({
  task: z.string().optional(),
  step: z.string().optional(),
  status: z.string().optional(),
  message: z.string().optional(),
  // The stream has Protobuf's own names, the file those of JSON.
  taskId: z.string().optional(),
  task_id: z.string().optional(),
  actionableErr: fault,
});
const eventSchema = z.looseObject({
  taskEvent: part.optional(),
  buildSubtaskEvent: part.optional(),
  renderEvent: part.optional(),
  deploySubtaskEvent: part.optional(),
  statusCheckSubtaskEvent: part.optional(),
  skaffoldLogEvent: part.optional(),
});

const CONNECT_PAUSE_MS = 50;

/** Reads one line of the event stream or of the event file; undefined for one that says nothing of interest. */
export function readEvent(line: string): SkaffoldEvent | undefined {
  const parsed = eventSchema.safeParse(unwrapped(line));
  if (!parsed.success) return undefined;
  const { taskEvent, buildSubtaskEvent, renderEvent, deploySubtaskEvent, statusCheckSubtaskEvent, skaffoldLogEvent } =
    parsed.data;
  const event: SkaffoldEvent = {};
  if (taskEvent?.task && taskEvent.status) event.task = { name: taskEvent.task, status: taskEvent.status };
  if (buildSubtaskEvent?.step && buildSubtaskEvent.status)
    event.build = { step: buildSubtaskEvent.step, status: buildSubtaskEvent.status };
  if (skaffoldLogEvent?.message) event.text = skaffoldLogEvent.message;
  const taskId = skaffoldLogEvent?.taskId ?? skaffoldLogEvent?.task_id;
  if (taskId !== undefined) event.taskId = taskId;
  const failed = [statusCheckSubtaskEvent, buildSubtaskEvent, renderEvent, deploySubtaskEvent, taskEvent].find(
    (one) => one?.status === 'Failed' && one.actionableErr?.errCode,
  );
  if (failed?.actionableErr) event.fault = { code: failed.actionableErr.errCode, message: failed.actionableErr.message };
  if (failed !== undefined && failed === statusCheckSubtaskEvent) event.ofStatusCheck = true;
  return Object.keys(event).length > 0 ? event : undefined;
}

/** Listens to skaffold's API on this machine until it ends or the signal is aborted; tries until skaffold listens. Never rejects. */
export async function followEvents(port: number, onEvent: (event: SkaffoldEvent) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (await listen(port, onEvent, signal)) return;
    await delay(CONNECT_PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Whether there was anybody to listen to. */
function listen(port: number, onEvent: (event: SkaffoldEvent) => void, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/v2/events', agent: false, signal }, (answer) => {
      let rest = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const event of lines.flatMap((line) => readEvent(line) ?? [])) onEvent(event);
      });
      answer.on('error', () => undefined).on('close', () => resolve(answer.statusCode === 200));
    });
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

/** The stream wraps each event into `{"result": …}`. */
function unwrapped(line: string): unknown {
  try {
    const value = JSON.parse(line) as { result?: unknown };
    return value.result ?? value;
  } catch {
    // Half a line: skaffold was ended while it wrote.
    return undefined;
  }
}
