type Entry = { readonly atMs: number; readonly order: number; readonly run: () => void };

/** What happens next, by true time; at the same instant in the order of scheduling. */
export type EventQueue = {
  readonly add: (atMs: number, run: () => void) => void;
  readonly take: () => Entry | undefined;
};

const before = (a: Entry, b: Entry): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

export function createEventQueue(): EventQueue {
  const heap: Entry[] = [];
  let order = 0;
  const at = (index: number): Entry => {
    const entry = heap[index];
    if (entry === undefined) throw new Error("outside the heap");
    return entry;
  };
  function add(atMs: number, run: () => void): void {
    const entry = { atMs, order: order++, run };
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(entry, at(parent))) break;
      heap[index] = at(parent);
      index = parent;
    }
    heap[index] = entry;
  }
  function take(): Entry | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && before(at(child + 1), at(child))) child++;
      if (!before(at(child), last)) break;
      heap[index] = at(child);
      index = child;
    }
    heap[index] = last;
    return first;
  }
  return { add, take };
}
