import { z } from 'zod';
import { configSchema } from '../src/project/config-schema.ts';

/** The JSON schema of mlflow-gcp.yaml, as editors take it. Draft 7 is what the YAML language server knows best. */
export function schemaText(): string {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' });
  const head = {
    $schema,
    title: 'mlflow-gcp.yaml',
    description: 'What an MLflow deployment made by mlflow-gcp consists of.',
  };
  // Short lists on one line, as the formatter has them.
  const text = JSON.stringify({ ...head, ...schema }, null, 2);
  return `${text.replaceAll(/\[\s+("[^\]]*")\s+\]/g, (_list, items: string) => `[${items.replaceAll(/\s*\n\s*/g, ' ')}]`)}\n`;
}
