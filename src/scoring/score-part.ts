/** What a value was made of, for people: figures by name. */
export type Inputs = { readonly [name: string]: number | string | null };

/** One reason for a score. A value of null is unknown and counts for nothing. */
export type Part = {
  readonly name: string;
  /** Share within its group. */
  readonly weight: number;
  readonly value: number | null;
  /** 0..1: how much of what the value should rest on was there, and how fresh. 0 exactly when the value is null. */
  readonly confidence: number;
  readonly inputs: Inputs;
  /** Age of the inputs when the score was made; null when there are none. */
  readonly ageDays: number | null;
};

export type Group = {
  readonly name: string;
  /** Share within the total. */
  readonly weight: number;
  /** Mean of its parts by weight and confidence; null when all are unknown. */
  readonly value: number | null;
  readonly confidence: number;
  readonly parts: readonly Part[];
};

const DAY_MS = 86_400_000;

/** Where inputs come from: when they were true, and how much their age and amount are worth (0..1). */
export type Source = { readonly asOfMs: number; readonly nowMs: number; readonly confidence: number };

/** A part of these inputs; unknown when the value is no number or the source is worth nothing. */
export function makePart(name: string, weight: number, value: number, inputs: Inputs, source: Source | null): Part {
  const said = Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, finite(input)]));
  const confidence = Math.min(1, Math.max(0, source?.confidence ?? 0));
  const known = Number.isFinite(value) && confidence > 0;
  const ageDays = source === null ? null : finite(Math.max(0, Math.floor((source.nowMs - source.asOfMs) / DAY_MS)));
  return {
    name,
    weight,
    value: known ? Math.min(1, Math.max(0, value)) : null,
    confidence: known ? confidence : 0,
    inputs: said,
    ageDays: typeof ageDays === "number" ? ageDays : null,
  };
}

const finite = (input: number | string | null): number | string | null =>
  typeof input === "number" && !Number.isFinite(input) ? null : input;

/** A group of parts whose weights sum to 1. */
export function makeGroup(name: string, weight: number, parts: readonly Part[]): Group {
  const confidence = parts.reduce((sum, part) => sum + part.weight * part.confidence, 0);
  const sum = parts.reduce((total, part) => total + part.weight * part.confidence * (part.value ?? 0), 0);
  return { name, weight, value: confidence > 0 ? Math.min(1, sum / confidence) : null, confidence, parts };
}

/** Mean of the known values by weight, and the share of the weights that were known. */
export function meanOfKnown(values: readonly { readonly weight: number; readonly value: number | null }[]): {
  readonly value: number;
  readonly known: number;
} {
  const known = values.flatMap(({ weight, value }) => (value === null ? [] : [{ weight, value }]));
  const weight = known.reduce((sum, entry) => sum + entry.weight, 0);
  const all = values.reduce((sum, entry) => sum + entry.weight, 0);
  return { value: known.reduce((sum, entry) => sum + entry.weight * entry.value, 0) / weight, known: weight / all };
}
