/** The one of `known` that `word` was probably meant to be; null where none is near. Case, "-" and "_" do not count. */
export function nearest(word: string, known: readonly string[]): string | null {
  const typed = plain(word).slice(0, 40);
  const [best] = known
    .map((name) => ({ name, far: editDistance(typed, plain(name)) }))
    .toSorted((a, b) => a.far - b.far);
  const allowed = typed.length < 4 ? 1 : Math.max(2, Math.floor(typed.length / 3));
  return best !== undefined && best.far <= allowed ? best.name : null;
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, "");

/** Letters to add, drop or change between two words (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, changed));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
