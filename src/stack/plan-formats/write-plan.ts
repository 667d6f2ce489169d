import { gcloudScript } from './gcloud.ts';
import { jsonPlan } from './json.ts';
import { mermaidPlan } from './mermaid.ts';
import type { PlanDocument } from './plan-document.ts';
import { terraformConfiguration } from './terraform.ts';

const WRITERS = {
  json: jsonPlan,
  gcloud: gcloudScript,
  terraform: terraformConfiguration,
  mermaid: mermaidPlan,
};

/** The forms for other programs. */
export type WrittenFormat = keyof typeof WRITERS;

/** The plan in a form for other programs, ending with a line break. */
export function writePlan(format: WrittenFormat, document: PlanDocument): string {
  return WRITERS[format](document);
}
