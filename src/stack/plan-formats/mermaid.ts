import type { PlanDocument } from './plan-document.ts';

/** Fill and border of each action; legible on light and dark pages. */
const STYLES = {
  create: 'fill:#d5f5d9,stroke:#1a7f37,color:#000',
  update: 'fill:#fff3c4,stroke:#9a6700,color:#000',
  unchanged: 'fill:#eeeeee,stroke:#6e7781,color:#000',
  adopt: 'fill:#dbeafe,stroke:#0969da,color:#000',
} as const;

/** The plan as a Mermaid flowchart: an arrow from each resource to those that wait for it. https://mermaid.js.org/syntax/flowchart.html */
export function mermaidPlan({ plan }: PlanDocument): string {
  const nodes = new Map(plan.items.map(({ resource }, index) => [resource.id, `r${index}`]));
  const boxes = plan.items.map(({ resource, observation }) => {
    const lines = [resource.title, observation.action, ...observation.differences].map(escaped);
    return `  ${nodes.get(resource.id)}["${lines.join('<br/>')}"]:::${observation.action}`;
  });
  const arrows = plan.items.flatMap(({ resource }) =>
    resource.dependsOn.map((id) => `  ${nodes.get(id)} --> ${nodes.get(resource.id)}`),
  );
  const classes = Object.entries(STYLES).map(([action, style]) => `  classDef ${action} ${style}`);
  return `${['flowchart LR', ...boxes, ...arrows, ...classes].join('\n')}\n`;
}

/** Quotes, brackets and the like as Mermaid's entities, so that a name is never taken for markup. */
function escaped(text: string): string {
  return text.replaceAll(/["<>#&`;]/g, (sign) => `#${sign.codePointAt(0)};`);
}
