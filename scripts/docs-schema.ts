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
  const text = JSON.stringify({ ...head, ...schema }, null, 2);
  return `${text.replaceAll(/^( *"[^"\n]*": )\[\s+("[^\]]*")\s+\]/gm, shortOnOneLine)}\n`;
}

/** As the formatter has lists. */
const LONGEST_LINE = 130;

function shortOnOneLine(list: string, name: string, items: string): string {
  const line = `${name}[${items.replaceAll(/\s*\n\s*/g, ' ')}]`;
  return line.length <= LONGEST_LINE ? line : list;
}
