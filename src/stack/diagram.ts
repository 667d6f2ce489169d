import type { Deployment } from './deployment.ts';

/** The deployment as a Mermaid flowchart: who calls what. https://mermaid.js.org/syntax/flowchart.html */
export function mermaidDiagram(deployment: Deployment): string {
  const label = (...lines: string[]): string => `["${lines.join('<br/>')}"]`;
  return [
    'flowchart LR',
    '  client["MLflow client or browser"]',
    `  subgraph project${label(`project ${deployment.project}, ${deployment.region}`)}`,
    `    run${label('Cloud Run', deployment.service.name)}`,
    `    sql[("Cloud SQL<br/>${deployment.sqlInstance}")]`,
    `    bucket[("Bucket<br/>${deployment.artifactBucket}")]`,
    `    secrets${label('Secret Manager', ...Object.values(deployment.secrets))}`,
    `    registry${label('Artifact Registry', deployment.repository)}`,
    `    build${label('Cloud Build', `as ${deployment.buildAccount.split('@')[0]}`)}`,
    '  end',
    `  client -- "https, user name and password" --> run`,
    '  run -- "metadata" --> sql',
    '  run -- "artifacts" --> bucket',
    '  secrets -- "at start" --> run',
    '  build -- "image" --> registry',
    '  registry -- "revision" --> run',
  ].join('\n');
}
