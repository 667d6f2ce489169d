import { describe, expect, it } from 'vitest';
import { InterruptedError, UserError } from '../../src/errors.ts';
import { errorFor } from '../../src/gcp/errors.ts';
import type { Google } from '../../src/gcp/google.ts';
import { pollOperation } from '../../src/gcp/operations.ts';
import { backoff, createOrGet, poll, retry, type Waiting } from '../../src/gcp/retry.ts';

/** Time that passes only in waits, and by `latencyMs` with every look. */
function virtualTime(signal = new AbortController().signal) {
  const waits: number[] = [];
  let now = 0;
  const waiting: Waiting = {
    signal,
    clock: {
      now: () => now,
      random: () => 0.5,
      async sleep(ms) {
        signal.throwIfAborted();
        waits.push(ms);
        now += ms;
      },
    },
  };
  return {
    waiting,
    waits,
    now: () => now,
    pass(ms: number) {
      now += ms;
    },
  };
}
const refusal = (status: number, extra = {}) =>
  errorFor({
    status,
    rpcStatus: '',
    reasons: [],
    metadata: {},
    violations: [],
    message: 'm',
    method: 'GET',
    url: 'https://x/',
    ...extra,
  });

describe('poll', () => {
  it.each([
    [5, 4],
    [480, 45],
    [2_000, 30],
    [30_000, 130],
    [480_000, 280],
    [1_800_000, 550],
  ])(
    'something that takes %i ms is waited for a fiftieth longer at most, and looked at %i times at most',
    async (duration, most) => {
      const time = virtualTime();
      let looks = 0;
      await poll(time.waiting, {
        what: 'it',
        timeoutMs: 10_000_000,
        attempt: async () => {
          looks += 1;
          time.pass(duration > 1_000 ? 60 : 2);
          return time.now() >= duration ? 'done' : undefined;
        },
      });
      // A fiftieth, or the first wait, and the look itself.
      expect(time.now()).toBeLessThan(Math.max(duration * 1.02, duration + 10) + 60);
      expect(looks).toBeLessThanOrEqual(most);
    },
  );

  it('looks through trouble that passes, and ends with what does not', async () => {
    const time = virtualTime();
    const answers = [refusal(503), undefined, refusal(429), 'done'];
    const attempt = async () => {
      const next = answers.shift();
      if (next instanceof Error) throw next;
      return next;
    };
    expect(await poll(time.waiting, { what: 'it', timeoutMs: 1000, attempt })).toBe('done');
    const denied = async () => {
      throw refusal(403);
    };
    await expect(poll(time.waiting, { what: 'it', timeoutMs: 1000, attempt: denied })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('gives up in time', async () => {
    const time = virtualTime();
    await expect(
      poll(time.waiting, { what: 'the thing', timeoutMs: 120_000, attempt: async () => undefined }),
    ).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringMatching(/2 minutes for the thing/),
    });
    expect(time.now()).toBeLessThan(126_000);
  });

  it('ends when interrupted', async () => {
    const controller = new AbortController();
    const time = virtualTime(controller.signal);
    const attempt = async () => controller.abort();
    await expect(
      poll(time.waiting, { what: 'it', timeoutMs: 1000, attempt: attempt as () => Promise<undefined> }),
    ).rejects.toBeInstanceOf(InterruptedError);
  });
});

describe('retry', () => {
  it('doubles the limit of each wait up to the greatest, and no wait is shorter than Google asks for', () => {
    const wait = (attempt: number, retryAfterMs?: number) =>
      backoff(attempt, { firstMs: 100, maxMs: 1000, random: 1, retryAfterMs });
    expect([0, 1, 2, 3, 4, 9].map((attempt) => wait(attempt))).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(wait(0, 700)).toBe(700);
    expect(backoff(0, { firstMs: 100, maxMs: 1000, random: 0 })).toBe(0);
  });

  it('throws the last error when time is over', async () => {
    const time = virtualTime();
    let attempts = 0;
    const work = async () => {
      attempts += 1;
      throw refusal(503, { message: `attempt ${attempts}` });
    };
    await expect(retry(time.waiting, work, { timeoutMs: 10_000, firstMs: 1000 })).rejects.toThrow('attempt 5');
    expect(attempts).toBe(5);
    expect(time.now()).toBeLessThanOrEqual(10_000);
  });
});

describe('create or get', () => {
  const duplicate = () => refusal(409, { rpcStatus: 'ALREADY_EXISTS' });
  /** Runs through these answers of `create`; `get` finds it once `there` says so. */
  async function run(
    creations: Array<string | Error>,
    there: () => boolean,
    options: { first?: 'get'; duplicate?: 'any refusal' } = {},
  ) {
    const time = virtualTime();
    let creates = 0;
    const result = await createOrGet(time.waiting, {
      ...options,
      get: async () => (there() ? 'found' : undefined),
      create: async () => {
        const next = creations[creates++];
        if (next instanceof Error) throw next;
        return next;
      },
    });
    return { ...result, creates };
  }

  it('creates', async () =>
    expect(await run(['made'], () => false)).toEqual({ value: 'made', created: true, certain: true, creates: 1 }));
  it('finds what was there', async () =>
    expect(await run([duplicate()], () => true)).toEqual({ value: 'found', created: false, certain: true, creates: 1 }));
  it('looks after any refusal where a duplicate is told in no way to go by: another run may have been faster', async () => {
    const refused = refusal(400);
    const options = { duplicate: 'any refusal' } as const;
    expect(await run([refused], () => true, options)).toEqual({ value: 'found', created: false, certain: true, creates: 1 });
    await expect(run([refused], () => false, options)).rejects.toBe(refused);
    await expect(run([refused], () => true)).rejects.toBe(refused);
  });
  it('does not create what it looked for first', async () =>
    expect(await run([], () => true, { first: 'get' })).toEqual({ value: 'found', created: false, certain: true, creates: 0 }));
  it('takes what is there after a lost call for its own, and says that this is a guess', async () =>
    expect(await run([refusal(503)], () => true)).toEqual({ value: 'found', created: true, certain: false, creates: 1 }));
  it('creates again what a lost call did not make', async () =>
    expect(await run([refusal(503), 'made'], () => false)).toEqual({ value: 'made', created: true, certain: true, creates: 2 }));
  it('does so with a duplicate that follows a lost call', async () => {
    let looks = 0;
    expect(await run([refusal(503), refusal(400)], () => looks++ > 0)).toEqual({
      value: 'found',
      created: true,
      certain: false,
      creates: 2,
    });
  });
  it('throws what is refused', async () =>
    expect(run([refusal(403)], () => false)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' }));
  it('finds what is there where making one is not allowed: that is asked first', async () =>
    expect(await run([refusal(403)], () => true)).toEqual({ value: 'found', created: false, certain: true, creates: 1 }));
  it('throws a duplicate that cannot be found', async () =>
    expect(run([duplicate()], () => false)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' }));
});

describe('long operations', () => {
  const google = () => virtualTime().waiting as Google;

  it('does not ask about one that is done: some cannot be asked about', async () => {
    const read = async () => {
      throw new Error('asked');
    };
    const started = { name: 'operations/noop.DONE_OPERATION', done: true, response: { a: 1 } };
    expect(await pollOperation(google(), { what: 'it', started, read })).toEqual(started);
  });

  it('tells of progress, and throws the error that an answer of 200 holds', async () => {
    const seen: unknown[] = [];
    const answers = [{ metadata: 1 }, { metadata: 2 }, { done: true, error: { code: 9, message: 'quota of instances' } }];
    const failed = pollOperation(google(), {
      what: 'creating it',
      started: { name: 'operations/1', metadata: 0 },
      read: async (name) => ({ name, ...answers.shift() }),
      onPoll: ({ metadata }) => seen.push(metadata),
    });
    await expect(failed).rejects.toBeInstanceOf(UserError);
    await expect(failed).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/creating it: quota of instances/),
    });
    expect(seen).toEqual([0, 1, 2]);
  });
});
