import { z } from 'zod';

/** What the model program (src/templates/model/wine_quality.py) says, one JSON object a line. */
const started = z.object({ event: z.literal('step'), status: z.literal('started'), step: z.string(), title: z.string() });
const done = z.object({
  event: z.literal('step'),
  status: z.literal('done'),
  step: z.string(),
  auc: z.number().optional(),
  version: z.string().nullish(),
  train: z.number().optional(),
  test: z.number().optional(),
});
const failed = z.object({
  event: z.literal('error'),
  code: z.string(),
  message: z.string(),
  experiment_id: z.string().optional(),
});
const result = z.object({
  event: z.literal('result'),
  auc: z.number(),
  loaded_auc: z.number(),
  importances: z.array(z.object({ feature: z.string(), importance: z.number() })),
  model: z.object({ name: z.string(), version: z.string(), alias: z.string(), stage: z.string().nullable(), uri: z.string() }),
  run: z.object({ id: z.string(), name: z.string(), experiment: z.string(), experiment_id: z.string() }),
  rows: z.object({ train: z.number(), validation: z.number(), test: z.number() }),
  predictions: z.array(z.number()),
  run_url: z.string(),
  model_url: z.string(),
});
const modelEvent = z.union([started, done, failed, result]);

export type ModelEvent = z.infer<typeof modelEvent>;
export type StepStarted = z.infer<typeof started>;
export type StepDone = z.infer<typeof done>;
export type ModelResult = z.infer<typeof result>;

/** Reads one line; undefined if it is none of ours. */
export function parseModelEvent(line: string): ModelEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return modelEvent.safeParse(value).data;
}
