import { gcloudScript } from './gcloud.ts';
import { jsonPlan } from './json.ts';
import { mermaidPlan } from './mermaid.ts';
import type { PlanFormat } from './names.ts';
import type { PlanDocument } from './plan-document.ts';
import { terraformConfiguration } from './terraform.ts';

const WRITERS: Record<Exclude<PlanFormat, 'text'>, (document: PlanDocument) => string> = {
  json: jsonPlan,
  gcloud: gcloudScript,
  terraform: terraformConfiguration,
  mermaid: mermaidPlan,
};

/** The plan in a form for other programs, ending with a line break. */
export function writePlan(format: Exclude<PlanFormat, 'text'>, document: PlanDocument): string {
  return WRITERS[format](document);
}
