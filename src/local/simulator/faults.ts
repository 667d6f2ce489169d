import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Arrival } from './arrival.ts';
import { faultBody } from './dispatch.ts';

/** One fault: which requests it hits, how often, and what becomes of them. */
const faultSchema = z
  .strictObject({
    /** Regular expression over `METHOD host/path`, with or without the query. */
    match: z.string().min(1),
    /** How many requests it hits; left out: one. */
    times: z.int().positive().default(1),
    /** Hits only after so many others have passed. */
    skip: z.int().nonnegative().default(0),
    /** Answers with this status, in Google's form. */
    status: z.int().min(400).max(599).optional(),
    /** `Retry-After` of that answer, in seconds. */
    retryAfter: z.int().nonnegative().optional(),
    /** Cuts the connection. */
    reset: z.literal(true).optional(),
    /** Waits first. */
    delayMs: z.int().nonnegative().optional(),
    /** The call takes effect; the answer is lost (or is the `status`). */
    after: z.literal(true).optional(),
    /** Sends half of the answer's body, then cuts the connection. */
    truncate: z.literal(true).optional(),
    /** Sends half of the answer's body, then nothing more. */
    stall: z.literal(true).optional(),
    /** Sends the answer's body in small pieces, this many milliseconds apart. */
    slowMs: z.int().positive().optional(),
  })
  .refine(
    (fault) => fault.status ?? fault.reset ?? fault.delayMs ?? fault.after ?? fault.truncate ?? fault.stall ?? fault.slowMs,
    {
      error: 'says nothing to do: give status, reset, delayMs, after, truncate, stall or slowMs',
    },
  );

export type Fault = z.output<typeof faultSchema>;
interface Armed {
  fault: Fault;
  pattern: RegExp;
  skip: number;
  left: number;
}

/** Faults that are waiting for their requests. They live in memory: a restart forgets them. */
export class Faults {
  private armed: Armed[] = [];

  /** Throws an Error that says what is wrong with it. */
  add(spec: unknown): Fault {
    const read = faultSchema.safeParse(spec);
    if (!read.success) throw new Error(z.prettifyError(read.error));
    let pattern: RegExp;
    try {
      pattern = new RegExp(read.data.match);
    } catch (error) {
      throw new Error(`"match" is not a regular expression: ${(error as Error).message}`);
    }
    this.armed.push({ fault: read.data, pattern, skip: read.data.skip, left: read.data.times });
    return read.data;
  }

  list(): Array<Fault & { left: number }> {
    return this.armed.map(({ fault, left }) => ({ ...fault, left }));
  }

  clear(): void {
    this.armed = [];
  }

  /** The fault that this request runs into, counted down. */
  take(arrival: Arrival): Fault | undefined {
    if (this.armed.length === 0) return undefined;
    const plain = `${arrival.message.method} ${arrival.host}${arrival.path}`;
    const whole = arrival.query.size > 0 ? `${plain}?${arrival.query}` : plain;
    const hit = this.armed.find(({ pattern }) => pattern.test(plain) || pattern.test(whole));
    if (!hit) return undefined;
    if (hit.skip > 0) {
      hit.skip--;
      return undefined;
    }
    hit.left--;
    if (hit.left === 0) this.armed = this.armed.filter((armed) => armed !== hit);
    return hit.fault;
  }
}

/**
 * Lets a fault happen. Resolves to whether the request goes on to be answered; where the answer is to be lost or spoilt, the
 * response has been prepared for that.
 */
export async function applyFault(fault: Fault, arrival: Arrival, cut: () => void): Promise<boolean> {
  const { response } = arrival;
  if (fault.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
  if (response.destroyed) return false;
  if (fault.after) {
    const answer = fault.status === undefined ? cut : () => sendStatus(fault, arrival);
    captureAnswer(response, () => answer());
    return true;
  }
  if (fault.reset) {
    cut();
    return false;
  }
  if (fault.status !== undefined) {
    sendStatus(fault, arrival);
    return false;
  }
  if (fault.truncate || fault.stall || fault.slowMs) captureAnswer(response, (captured) => spoil(fault, captured, response, cut));
  return true;
}

function sendStatus(fault: Fault, { response, host, path, message }: Arrival): void {
  const text = JSON.stringify(faultBody(fault.status as number, host, path), null, 2);
  response.writeHead(fault.status as number, {
    'content-type': 'application/json; charset=UTF-8',
    ...(fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }),
    ...(message.complete ? {} : { connection: 'close' }),
  });
  response.end(text);
}

interface Captured {
  status: number;
  headers: Record<string, number | string | string[] | undefined>;
  body: Buffer;
}

/** Keeps what is written to the response from leaving and hands it over when it is whole. */
function captureAnswer(response: ServerResponse, done: (captured: Captured) => void): void {
  const chunks: Buffer[] = [];
  const original = { writeHead: response.writeHead, write: response.write, end: response.end };
  const keep = (chunk: unknown, encoding?: unknown): void => {
    if (typeof chunk === 'string')
      chunks.push(Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'));
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  const callback = (args: unknown[]): void => {
    const last = args.at(-1);
    if (typeof last === 'function') process.nextTick(last as () => void);
  };
  response.writeHead = ((status: number, ...rest: unknown[]) => {
    response.statusCode = status;
    const headers = rest.at(-1);
    if (typeof headers === 'object' && headers !== null)
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
    return response;
  }) as typeof response.writeHead;
  response.write = ((chunk: unknown, ...rest: unknown[]) => {
    keep(chunk, rest[0]);
    callback(rest);
    return true;
  }) as typeof response.write;
  response.end = ((...args: unknown[]) => {
    keep(args[0], args[1]);
    callback(args);
    Object.assign(response, original);
    const headers = response.getHeaders();
    for (const name of Object.keys(headers)) response.removeHeader(name);
    done({ status: response.statusCode, headers, body: Buffer.concat(chunks) });
    return response;
  }) as typeof response.end;
}

function spoil(fault: Fault, { status, headers, body }: Captured, response: ServerResponse, cut: () => void): void {
  response.writeHead(status, { ...headers, 'content-length': String(body.length) } as OutgoingHttpHeaders);
  if (!fault.slowMs) {
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
      if (fault.truncate) cut();
    });
    return;
  }
  const step = Math.max(1, Math.ceil(body.length / 20));
  let at = 0;
  const timer = setInterval(() => {
    if (at >= body.length || response.destroyed) {
      clearInterval(timer);
      response.end();
      return;
    }
    response.write(body.subarray(at, at + step));
    at += step;
  }, fault.slowMs);
}
