import { describe, expect, test } from 'vitest';
import { modelVariables } from '../../src/project/model-variables.ts';

const settings = { trackingUri: 'https://mlflow.example.com', username: 'ann', password: 'secret' };

describe('modelVariables', () => {
  test('keeps the user’s proxies and takes away what would send the run elsewhere', () => {
    const env = {
      HTTPS_PROXY: 'http://proxy.example.com:3128',
      MLFLOW_REGISTRY_URI: 'http://other.example.com',
      MLFLOW_RUN_ID: 'abc',
      MLFLOW_TRACKING_TOKEN: 'other',
      MLFLOW_TRACKING_SERVER_CERT_PATH: '/etc/ca.pem',
      MLFLOW_HTTP_REQUEST_TIMEOUT: '300',
      MLFLOW_GCP_PROJECT: 'p',
      PYTHONPATH: '/somewhere',
      PYTHONHOME: '/somewhere',
    };
    expect(modelVariables(env, settings, '/cache/model-1')).toEqual({
      HTTPS_PROXY: 'http://proxy.example.com:3128',
      MLFLOW_TRACKING_URI: 'https://mlflow.example.com',
      MLFLOW_TRACKING_USERNAME: 'ann',
      MLFLOW_TRACKING_PASSWORD: 'secret',
      MLFLOW_TRACKING_SERVER_CERT_PATH: '/etc/ca.pem',
      MLFLOW_HTTP_REQUEST_TIMEOUT: '300',
      PYTHONUTF8: '1',
      PYTHONPYCACHEPREFIX: '/cache/model-1/bytecode',
      MPLCONFIGDIR: '/cache/model-1/matplotlib',
      MPLBACKEND: 'Agg',
      NETRC: '/dev/null',
    });
  });

  test('a username of another server does not get in', () => {
    const found = modelVariables(
      { MLFLOW_TRACKING_USERNAME: 'bob', MLFLOW_TRACKING_PASSWORD: 'x' },
      { trackingUri: settings.trackingUri },
      '/e',
    );
    expect(found).not.toHaveProperty('MLFLOW_TRACKING_USERNAME');
    expect(found).not.toHaveProperty('MLFLOW_TRACKING_PASSWORD');
  });

  test.each(['http://127.0.0.1:5000', 'http://localhost:5000', 'http://[::1]:5000'])(
    '%s is asked without a proxy',
    (trackingUri) => {
      const found = modelVariables({ NO_PROXY: 'a.example.com', no_proxy: 'b.example.com, localhost' }, { trackingUri }, '/e');
      expect(found['no_proxy']).toBe('b.example.com,localhost,a.example.com,127.0.0.1,::1');
      expect(found['NO_PROXY']).toBe(found['no_proxy']);
    },
  );
});
