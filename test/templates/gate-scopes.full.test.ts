import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { findPython } from '../../src/project/python.ts';

// What no client can make the server of today pass on, but another server might: the gate is closed to it all the same.
it('stays closed to every kind of ASGI scope', async () => {
  const project = path.join(import.meta.dirname, '../../src/templates/project');
  const python = await findPython(process.env);
  const script = path.join(import.meta.dirname, 'support/gate_scopes.py');
  const { stdout } = await promisify(execFile)(python.path, ['-B', script, project]);
  const unauthorized = {
    sent: [
      ['http.response.start', 401],
      ['http.response.body', null],
    ],
    passed: [],
  };
  expect(JSON.parse(stdout)).toEqual({
    websocket: { sent: [['websocket.close', 1008]], passed: [] },
    'websocket with credentials': { sent: [], passed: [[]] },
    lifespan: { sent: [], passed: [[]] },
    unknown: { error: "The gate does not know the ASGI scope 'webtransport'." },
    'below a root path': unauthorized,
    'no raw path': unauthorized,
    'absolute form': unauthorized,
    'upper-case header names': unauthorized,
    'beside other headers': { sent: [], passed: [['host']] },
    refused: [true, true, true, false],
  });
});
