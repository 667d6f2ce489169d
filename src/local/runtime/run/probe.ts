import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Revision } from '../../runtime-port.ts';
import { LOOPBACK } from '../ports.ts';

const POLL_MS = 50;

/**
 * Waits until the container passes its startup probe. Resolves with undefined when it did, else with what the last attempt met. The probe
 * may fail for as long as on Cloud Run, but is asked far more often, so that a quick server does not have to wait for the next turn.
 * https://docs.cloud.google.com/run/docs/configuring/healthchecks#startup-probes
 */
export async function passStartupProbe(revision: Revision, port: number, ended: AbortSignal): Promise<string | undefined> {
  const probe = revision.startupProbe;
  const allowed = probe.initialDelaySeconds + probe.periodSeconds * probe.failureThreshold;
  const deadline = Date.now() + allowed * 1000;
  let met = 'no answer';
  while (!ended.aborted && Date.now() < deadline) {
    const left = Math.max(1, deadline - Date.now());
    const patience = AbortSignal.timeout(Math.min(probe.timeoutSeconds * 1000, left));
    try {
      await ask(revision, port, AbortSignal.any([patience, ended]));
      return undefined;
    } catch (error) {
      const cutShort = patience.aborted && left < probe.timeoutSeconds * 1000;
      if (patience.aborted && !cutShort) met = `no answer within ${probe.timeoutSeconds} s`;
      else if (!cutShort) met = (error as Error).message;
    }
    await delay(POLL_MS);
  }
  return ended.aborted ? 'the container ended' : `not ready within ${allowed} s: ${met}`;
}

function ask(revision: Revision, port: number, signal: AbortSignal): Promise<void> {
  const { path } = revision.startupProbe;
  if (path === undefined) return askTcp(port, signal);
  return revision.protocol === 'h2c' ? askHttp2(path, port, signal) : askHttp1(path, port, signal);
}

function askTcp(port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: LOOPBACK, port });
    signal.addEventListener('abort', () => socket.destroy(new Error('aborted')), { once: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

function askHttp1(path: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: LOOPBACK, port, path, signal, agent: false }, (response) => {
      response.resume();
      judge(response.statusCode, path, resolve, reject);
    });
    request.once('error', reject);
    request.end();
  });
}

// A port named h2c gets HTTP/2 from Cloud Run: a server without it must fail here as it would there.
function askHttp2(path: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://${LOOPBACK}:${port}`);
    const end = (action: () => void) => () => {
      session.destroy();
      action();
    };
    session.once('error', reject);
    signal.addEventListener(
      'abort',
      end(() => reject(new Error('aborted'))),
      { once: true },
    );
    const stream = session.request({ ':path': path });
    stream.once('error', reject);
    stream.once('response', (headers) => judge(headers[':status'], path, end(resolve), (error) => end(() => reject(error))()));
    stream.end();
  });
}

function judge(status: number | undefined, path: string, pass: () => void, fail: (error: Error) => void): void {
  if (status !== undefined && status >= 200 && status < 400) pass();
  else fail(new Error(`${path} answered ${status}`));
}
