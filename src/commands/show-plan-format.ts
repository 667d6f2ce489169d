import { UsageError } from '../errors.ts';
import { planData } from '../stack/plan-formats/json.ts';
import type { PlanDocument } from '../stack/plan-formats/plan-document.ts';
import { type WrittenFormat, writePlan } from '../stack/plan-formats/write-plan.ts';
import type { CommandResult } from '../ui/ui.ts';
import { planBlocks } from './show-plan.ts';

type PlanFormat = 'text' | WrittenFormat;

/** The result of a dry run: the plan alone on stdout, in the form that was asked for. `--json` carries a written form as `document`. */
export function showPlan(format: PlanFormat, document: PlanDocument): CommandResult {
  const data = { dryRun: true, plan: planData(document) };
  if (format === 'text') return { data, show: planBlocks(document.plan, document.deployment) };
  const text = writePlan(format, document);
  return { data: { ...data, planFormat: format, document: text }, show: [{ kind: 'verbatim', text }] };
}

/**
 * Throws a {@link UsageError} for a form of the plan without a dry run: whoever asks for a script wants to read it, or have others run
 * it, and would be surprised by everything being made at once.
 */
export function refuseIdleFormat(format: PlanFormat, dryRun: boolean): void {
  if (format === 'text' || dryRun) return;
  throw new UsageError({
    code: 'PLAN_FORMAT_WITHOUT_DRY_RUN',
    message: `--plan-format ${format} writes the plan out, which only --dry-run does.`,
    hint: `Add --dry-run to write the plan, or leave --plan-format out to make everything.`,
  });
}
