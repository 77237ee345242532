import { presets } from "../../ha/core/timing.ts";
import { quantiles, sayMachine } from "./machine.ts";
import type { Machine, Quantiles } from "./machine.ts";
import type { Kind, Round } from "./rounds.ts";
import type { Split } from "./timeline.ts";

type Row = {
  readonly preset: Round["preset"];
  readonly kind: Kind;
  readonly runs: number;
  /** Blows that met a primary which worked alone: nobody else may lead then. */
  readonly foundAlone: number;
  readonly ms: Quantiles;
  readonly aim: { readonly p50: number; readonly p99: number };
  /** Medians of the parts; null where no log said them. */
  readonly split: Split | null;
};

export type Figures = {
  readonly rows: readonly Row[];
  readonly machine: Machine;
  readonly violations: readonly string[];
};

/** Figures to reach: a failover within a lease and this, a switchover within this. */
const AFTER_LEASE_MS = { p50: 250, p99: 800 };
const SWITCHOVER_MS = { p50: 300, p99: 1_000 };

const aimOf = (preset: Round["preset"], kind: Kind): Row["aim"] => {
  if (kind === "switchover") return SWITCHOVER_MS;
  const { leaseMs } = presets[preset];
  return { p50: leaseMs + AFTER_LEASE_MS.p50, p99: leaseMs + AFTER_LEASE_MS.p99 };
};

/** Everything that was measured, for a person and for a program. */
export function report(
  rounds: readonly Round[],
  violations: readonly string[],
  machine: Machine,
): { readonly text: string; readonly figures: Figures } {
  const groups = Map.groupBy(rounds, ({ preset, kind }) => `${preset} ${kind}`);
  const rows = [...groups.values()].flatMap((group) => rowOf(group) ?? []);
  const lines = [
    line("", "runs", "p50", "p99", "max", "aim p50", "aim p99", "detection", "election", "promotion", "app"),
    ...rows.map(sayRow),
    "Milliseconds, from the blow to a write that the new primary has confirmed; of a switchover, without a primary as",
    "a client sees it. The parts are medians.",
    ...rows.filter(({ foundAlone }) => foundAlone > 0).map(sayAlone),
    sayMachine(machine),
    violations.length === 0 ? "no violations" : `VIOLATIONS\n${violations.join("\n")}`,
    "",
  ];
  return { text: lines.join("\n"), figures: { rows, machine, violations } };
}

function rowOf(group: readonly Round[]): Row | null {
  const [first] = group;
  const took = group.flatMap(({ ms }) => ms ?? []);
  if (first === undefined || took.length === 0) return null;
  const { preset, kind } = first;
  const splits = group.flatMap(({ split }) => split ?? []);
  const median = (of: keyof Split): number => quantiles(splits.map((split) => split[of])).p50;
  return {
    preset,
    kind,
    runs: took.length,
    foundAlone: group.length - took.length,
    ms: quantiles(took),
    aim: aimOf(preset, kind),
    split:
      splits.length === 0
        ? null
        : {
            detection: median("detection"),
            election: median("election"),
            promotion: median("promotion"),
            app: median("app"),
          },
  };
}

const line = (what: string, ...cells: readonly (string | number)[]): string =>
  what.padEnd(20) + cells.map((cell) => String(cell).padStart(10)).join("");

const sayRow = ({ preset, kind, runs, ms, aim, split }: Row): string => {
  const parts = split === null ? [] : [split.detection, split.election, split.promotion, split.app];
  return line(`${preset} ${kind}`, runs, ms.p50, ms.p99, ms.max, aim.p50, aim.p99, ...parts);
};

const sayAlone = ({ preset, kind, foundAlone }: Row): string =>
  `${preset} ${kind}: ${foundAlone} more met a primary that was alone, and nobody else led.`;
