import { expect } from 'vitest';
import type { Answer, TestSimulator } from '../../support/simulator.ts';

/** `METHOD URL`, and the body. */
export type Step = [string, object?];

/** Makes these calls, one after the other. Each must succeed, and the operation that it begins must end. */
export async function walk(sim: TestSimulator, steps: Step[]): Promise<void> {
  for (const [what, body] of steps) await step(sim, what, body);
}

/** One call that must succeed, waits for the operation that it begins, and returns the answer's body. */
export async function step(sim: TestSimulator, what: string, body?: object): Promise<Answer['body']> {
  const [method = '', url = ''] = what.split(' ');
  const answer = await sim.call(method, url, body);
  const status = answer.bytes.length === 0 ? 204 : 200;
  expect(`${what} ${answer.status}`, answer.bytes.toString()).toBe(`${what} ${status}`);
  await ended(sim, new URL(url), answer.body);
  return answer.body;
}

interface Begun {
  name?: string;
  kind?: string;
  selfLink?: string;
  done?: boolean;
}

async function ended(sim: TestSimulator, url: URL, body: Begun | undefined): Promise<void> {
  const own = body?.kind?.endsWith('#operation')
    ? body.selfLink?.replace('www.googleapis', `${url.host.split('.')[0]}.googleapis`)
    : undefined;
  const version = url.pathname.split('/')[1];
  const named = /(^|\/)operations\//.test(body?.name ?? '') && body?.done !== true;
  const poll = own ?? (named ? `${url.origin}/${version}/${body?.name}` : undefined);
  if (!poll) return;
  const { body: operation } = await sim.until(poll, ({ status, done }) => status === 'DONE' || done === true);
  expect(operation.error, `${poll} failed`).toBeUndefined();
}
