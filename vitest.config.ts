import { defineConfig } from 'vitest/config';

// `default` needs npm packages alone; `full` also starts Python, MLflow, a browser or gcloud; `kill` disturbs every call of every
// command, which takes an hour and more.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'default',
          // Programs with a cache folder of their own would fill it with what is used once.
          env: { NODE_DISABLE_COMPILE_CACHE: '1' },
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.full.test.ts', 'test/**/*.kill.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'kill',
          env: { NODE_DISABLE_COMPILE_CACHE: '1' },
          include: ['test/**/*.kill.test.ts'],
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'full',
          include: ['test/**/*.full.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // They share this machine's Python caches and its two or four cores.
          fileParallelism: false,
        },
      },
    ],
  },
});
