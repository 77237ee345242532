import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { observeMachine, sayMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { aloneMb, cpuMs, pssMb, writtenBytes } from "./process-usage.ts";
import { RealTimePair } from "./real-time-pair.ts";
import type { Pids } from "./real-time-pair.ts";

/** Figures to reach, for each node. */
const MEMORY_MB_MAX = 240;
const IDLE_CPU_PERCENT_MAX = 4;
const DAY_WRITTEN_MB_MAX = 150;

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** The schedule repeats itself; less than a whole period is no ordinary day. */
const PERIOD_MINUTES = 30;
const SETTLE_MS = 30_000;

type Part = { readonly pssMb: number; readonly idleCpuPercent: number; readonly dayWrittenMb: number };
/** `diskMb`: what its disk was given to write, file system included; null where it has none of its own. */
type Node = {
  readonly parts: Readonly<Record<string, Part>>;
  readonly aloneMb: number;
  readonly dayDiskMb: number | null;
};
type Result = {
  readonly minutes: number;
  readonly nodes: Readonly<Record<string, Node>>;
  readonly machine: Machine;
  readonly missed: readonly string[];
};

const say = (line: string): void => void process.stderr.write(`${line}\n`);

type Reading = ReadonlyMap<number, number>;
const read = (pids: Pids, of: (pid: number) => number): Reading =>
  new Map(Object.values(pids).map((pid) => [pid, of(pid)]));

const grown = (from: Reading, to: Reading, pid: number): number => (to.get(pid) ?? 0) - (from.get(pid) ?? 0);

/** Memory, idle processor time and writes of a pair whose schedule runs at real time; false: a figure was missed. */
async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: String(PERIOD_MINUTES) },
      json: { type: "boolean", default: false },
    },
  });
  const minutes = z.coerce.number().min(1).max(DAY_MINUTES).parse(values.minutes);
  const observed = observeMachine();
  say(`A pair runs for ${minutes} minutes; ${PERIOD_MINUTES} are one period of its schedule.`);
  const pair = await RealTimePair.start();
  let nodes: Result["nodes"];
  try {
    await sleep(SETTLE_MS);
    nodes = await measure(pair, minutes);
  } finally {
    await pair.stop();
  }
  const result: Result = { minutes, nodes, machine: observed(), missed: missedFigures(nodes) };
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : report(result));
  return result.missed.length === 0;
}

async function measure(pair: RealTimePair, minutes: number): Promise<Result["nodes"]> {
  const before = await pair.pids();
  const roles = Object.entries(before);
  const all: Pids = Object.assign({}, ...roles.map(([role, pids]) => prefixed(role, pids)));
  const diskBefore = await pair.diskBytes();
  const [wroteBefore, cpuBefore] = [read(all, writtenBytes), read(all, cpuMs)];
  await sleep(MINUTE_MS);
  const cpuAfter = read(all, cpuMs);
  await sleep((minutes - 1) * MINUTE_MS);
  const diskAfter = await pair.diskBytes();
  const [wroteAfter, pss] = [read(all, writtenBytes), read(all, pssMb)];
  if (JSON.stringify(await pair.pids()) !== JSON.stringify(before)) throw new Error("a process was started again");
  const aDay = (bytes: number): number => (bytes / 1e6 / minutes) * DAY_MINUTES;
  const partOf = (pid: number): Part => ({
    pssMb: pss.get(pid) ?? Number.NaN,
    idleCpuPercent: (grown(cpuBefore, cpuAfter, pid) / MINUTE_MS) * 100,
    dayWrittenMb: aDay(grown(wroteBefore, wroteAfter, pid)),
  });
  const diskOf = (role: string): number | null =>
    diskBefore === null || diskAfter === null || (role !== "primary" && role !== "standby")
      ? null
      : aDay(diskAfter[role] - diskBefore[role]);
  return Object.fromEntries(
    roles.map(([role, pids]) => [
      role,
      {
        parts: Object.fromEntries(Object.entries(pids).map(([part, pid]) => [part, partOf(pid)])),
        aloneMb: aloneMb(Object.values(pids)),
        dayDiskMb: diskOf(role),
      },
    ]),
  );
}

const prefixed = (role: string, pids: Pids): Pids =>
  Object.fromEntries(Object.entries(pids).map(([part, pid]) => [`${role} ${part}`, pid]));

const sum = (node: Node, of: keyof Part): number =>
  Object.values(node.parts).reduce((total, part) => total + part[of], 0);

/** What the node writes in a day, by the most truthful figure there is. */
const dayWrittenMb = (node: Node): number => node.dayDiskMb ?? sum(node, "dayWrittenMb");

const missedFigures = (nodes: Result["nodes"]): string[] =>
  Object.entries(nodes).flatMap(([role, node]) => {
    const figures: readonly (readonly [string, number, number])[] = [
      ["MB of memory", sum(node, "pssMb"), MEMORY_MB_MAX],
      ["% of a core when idle", sum(node, "idleCpuPercent"), IDLE_CPU_PERCENT_MAX],
      ["MB written a day", dayWrittenMb(node), DAY_WRITTEN_MB_MAX],
    ];
    return figures
      .filter(([, is, most]) => !(is <= most))
      .map(([what, is, most]) => `${role}: ${is.toFixed(1)} ${what}, ${most} are the most`);
  });

const whole = (node: Node): Part => ({
  pssMb: sum(node, "pssMb"),
  idleCpuPercent: sum(node, "idleCpuPercent"),
  dayWrittenMb: sum(node, "dayWrittenMb"),
});

const row = (name: string, ...cells: readonly string[]): string =>
  [`  ${name.padEnd(12)}`, ...cells.map((cell) => cell.padStart(14))].join("");

const sayPart = (name: string, part: Part): string =>
  row(name, part.pssMb.toFixed(1), part.idleCpuPercent.toFixed(2), part.dayWrittenMb.toFixed(1));

const sayNode = (role: string, node: Node): readonly string[] => [
  role,
  ...Object.entries(node.parts).map(([name, part]) => sayPart(name, part)),
  sayPart("together", whole(node)),
  `  ${node.aloneMb.toFixed(1)} MB where no other process uses the same programs` +
    (node.dayDiskMb === null ? "" : `; ${node.dayDiskMb.toFixed(1)} MB a day to its disk, ext4's own included`),
];

const report = ({ minutes, nodes, machine, missed }: Result): string =>
  [
    row("", "PSS MB", "idle CPU %", "written MB/d"),
    ...Object.entries(nodes).flatMap(([role, node]) => sayNode(role, node)),
    `Writes: ${minutes} minutes × ${(DAY_MINUTES / minutes).toFixed(0)}.` +
      (minutes % PERIOD_MINUTES === 0 ? "" : " Not a whole period of the schedule: no ordinary day."),
    sayMachine(machine),
    missed.length === 0 ? "every figure is reached" : `MISSED\n${missed.join("\n")}`,
    "",
  ].join("\n");

process.exitCode = (await main()) ? 0 : 1;
