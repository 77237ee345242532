/** How often what was reached: a kind, and which of it. */
export type Coverage = {
  readonly counts: Map<string, number>;
  readonly hit: (kind: string, what: string) => void;
};

export function createCoverage(): Coverage {
  const counts = new Map<string, number>();
  const hit = (kind: string, what: string): void => {
    const key = `${kind}: ${what}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  return { counts, hit };
}

export function addCounts(into: Map<string, number>, more: ReadonlyMap<string, number>): Map<string, number> {
  for (const [key, count] of more) into.set(key, (into.get(key) ?? 0) + count);
  return into;
}
