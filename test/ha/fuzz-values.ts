import * as fc from "fast-check";

/** Anything that JSON can carry, and the keys and numbers that parsers trip over. */
export const strangeJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(
    -1,
    0.5,
    Number.MAX_SAFE_INTEGER + 1,
    1e308,
    "",
    "\0",
    "../../etc/passwd",
    "constructor",
    JSON.parse('{"__proto__":{"kind":"fence"}}'),
    "x".repeat(10_000),
    Array.from({ length: 2_000 }, () => 0),
  ),
);

/** One of these valid values with one part replaced, removed or added, wherever it may be. */
export function mangled(...valid: readonly object[]): fc.Arbitrary<unknown> {
  return fc
    .tuple(
      fc.constantFrom(...valid),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
      fc.constantFrom("replace", "remove", "add"),
      strangeJson,
    )
    .map(([value, path, how, part]) => {
      const copy: unknown = JSON.parse(JSON.stringify(value));
      change(copy, path, how, part);
      return copy;
    });
}

function change(value: unknown, path: readonly number[], how: string, part: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const [step = 0, ...rest] = path;
  const keys = Object.keys(value);
  const key = keys[step % Math.max(1, keys.length)];
  const inner: unknown = key === undefined ? null : Reflect.get(value, key);
  if (rest.length > 0 && typeof inner === "object" && inner !== null) return change(inner, rest, how, part);
  if (how === "add" || key === undefined) Reflect.set(value, "unknown", part);
  else if (how === "remove") Reflect.deleteProperty(value, key);
  else Reflect.set(value, key, part);
}
