/** Numbers from 0 up to 1 that follow from the seed. https://en.wikipedia.org/wiki/Linear_congruential_generator */
export function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One of the list, by the next chance. */
export function pick<T>(list: readonly T[], chance: () => number): T {
  if (list.length === 0) throw new Error('there is nothing to pick from');
  return list[Math.floor(chance() * list.length)] as T;
}
