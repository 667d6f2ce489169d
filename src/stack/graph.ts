import { BugError } from '../errors.ts';

/** Something that others wait for. */
export interface Node {
  id: string;
  dependsOn: string[];
}

/**
 * Runs `work` for every node as soon as all that it depends on is done, everything else at once. When one fails, what depends on
 * it is not begun, what runs is awaited, and then the first failure is thrown: nothing goes on unseen behind an error message.
 * Throws a {@link BugError} for an unknown dependency or a circle.
 */
export async function runGraph<N extends Node, T>(nodes: N[], work: (node: N) => Promise<T>): Promise<Map<string, T>> {
  const ordered = sortNodes(nodes);
  const results = new Map<string, T>();
  const failed = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  for (const node of ordered) {
    const start = async (): Promise<void> => {
      await Promise.all(node.dependsOn.map((id) => running.get(id)));
      if (node.dependsOn.some((id) => failed.has(id))) {
        failed.add(node.id);
        return;
      }
      try {
        results.set(node.id, await work(node));
      } catch (error) {
        failed.add(node.id);
        failures.push(error);
      }
    };
    running.set(node.id, start());
  }
  await Promise.all(running.values());
  if (failures.length > 0) throw failures[0];
  return results;
}

/** Dependencies first. Throws a {@link BugError} for an unknown dependency or a circle. */
export function sortNodes<N extends Node>(nodes: N[]): N[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const sorted = new Map<string, N>();
  const visit = (node: N, path: string[]): void => {
    if (sorted.has(node.id)) return;
    if (path.includes(node.id))
      throw new BugError(`resources depend on each other in a circle: ${[...path, node.id].join(' → ')}`);
    for (const id of node.dependsOn) {
      const dependency = byId.get(id);
      if (!dependency) throw new BugError(`resource ${node.id} depends on ${id}, which is not in the stack`);
      visit(dependency, [...path, node.id]);
    }
    sorted.set(node.id, node);
  };
  for (const node of nodes) visit(node, []);
  return [...sorted.values()];
}

/** The same nodes, each depending on those that depended on it: the order in which to take things down. */
export function reverseNodes<N extends Node>(nodes: N[]): N[] {
  return nodes.map((node) => ({
    ...node,
    dependsOn: nodes.filter((other) => other.dependsOn.includes(node.id)).map((other) => other.id),
  }));
}

/** The longest chain of usual durations, in seconds: no run can be quicker than this. */
export function criticalPathSeconds(nodes: Array<Node & { usualSeconds: number }>): number {
  const ends = new Map<string, number>();
  for (const node of sortNodes(nodes)) {
    const start = Math.max(0, ...node.dependsOn.map((id) => ends.get(id) ?? 0));
    ends.set(node.id, start + node.usualSeconds);
  }
  return Math.max(0, ...ends.values());
}
