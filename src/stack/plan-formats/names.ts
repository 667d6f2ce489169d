/** The forms in which `init --dry-run` writes a plan. In a file of its own, because `--help` names them without loading any. */
export const PLAN_FORMATS = ['text', 'json', 'gcloud', 'terraform', 'mermaid'] as const;
export type PlanFormat = (typeof PLAN_FORMATS)[number];
