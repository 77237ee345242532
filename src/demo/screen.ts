import { frameAt, type LedFrame, matrixColumns, matrixRows } from "../led/frame.ts";
import { renderFrame } from "../led/terminal.ts";
import { type NodeShot, primaryOf, type ShownAttempt, type Snapshot } from "./observe.ts";
import { cut, pad, type Paint } from "./text.ts";

/** What the screen shows beside the snapshot. `tick` moves the LED text by one column. */
export type Scene = {
  readonly snapshot: Snapshot;
  readonly title: string;
  readonly leaseMs: number;
  /** Nodes whose agent was started and has not ended. */
  readonly starting: readonly string[];
  /** What the demo did or saw itself, oldest first. */
  readonly notes: readonly Note[];
  readonly tick: number;
};
export type Note = { readonly at: string; readonly text: string };

const GAP = "   ";
const KEYS = "k kill the primary   s switch over   r start the dead node again   q quit";
const ORDERS_MIN = 1;

/** The whole screen as lines, at most `rows` of `columns` visible characters. Pure. */
export function screenLines(scene: Scene, rows: number, columns: number, paint: Paint): readonly string[] {
  const { snapshot } = scene;
  const width = Math.max(20, Math.floor((columns - GAP.length) / 2));
  const [a, b] = snapshot.nodes.map((node) => nodeBox(node, scene, width, paint));
  const boxes = (a ?? []).map((line, row) => `${pad(line, width)}${GAP}${b?.[row] ?? ""}`);
  const head = [`${paint("bold", scene.title)}   ${appTimeText(snapshot.appTime)}`, ""];
  const foot = ["", paint("inverse", ` ${KEYS} `)];
  const left = Math.max(0, rows - head.length - boxes.length - foot.length - 4);
  const orderRows = Math.max(ORDERS_MIN, Math.floor(left / 2));
  const lines = [
    ...head,
    ...boxes,
    `Protection: ${pairText(snapshot)}`,
    paint("bold", "Orders at the exchange"),
    ...orderLines(snapshot.orders, orderRows, paint),
    paint("bold", "Events"),
    ...eventLines(scene, Math.max(1, left - orderRows), paint),
  ];
  return [...lines.slice(0, Math.max(0, rows - foot.length)), ...foot].slice(0, rows).map((line) => cut(line, columns));
}

function nodeBox(node: NodeShot, scene: Scene, width: number, paint: Paint): string[] {
  const { name, view, led } = node;
  const picture = led === null ? dark(paint) : renderFrame(frameAt(led, scene.tick), hasColour(paint));
  if (view === null) {
    const state = scene.starting.includes(name) ? paint("yellow", "○ starting") : paint("red", "● dead");
    return [`${paint("bold", name)}  ${state}`, "its agent does not answer", ...picture];
  }
  const leads = view.role === "primary";
  const role = leads ? paint("green", "● PRIMARY") : paint("blue", `○ ${view.role}`);
  const lag = view.peer?.lagTxids;
  const detail = leads
    ? `lease ${bar(view.leaseLeftMs / scene.leaseMs, Math.min(12, width - 20))} ${(view.leaseLeftMs / 1000).toFixed(2)} s left`
    : `${view.inSync.includes(name) ? "in sync" : "catching up"}, ${lag === null || lag === undefined ? "lag unknown" : `${lag} behind`}`;
  return [`${paint("bold", name)}  ${role}  epoch ${view.epoch}`, detail, ...picture];
}

/** A board without power. */
function dark(paint: Paint): readonly string[] {
  const off: LedFrame["led1"] = [0, 0, 0];
  const matrix = Array.from({ length: matrixRows }, () => Array.from({ length: matrixColumns }, () => 0));
  return renderFrame({ matrix, led1: off, led2: off, led3: off, led4: off }, hasColour(paint));
}

const hasColour = (paint: Paint): boolean => paint("bold", "x") !== "x";

/** "2026-03-12T15:45:00.000Z" to a person; a day of the market passes in each quarter of an hour. */
const appTimeText = (iso: string | null): string =>
  iso === null ? "" : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

function bar(share: number, cells: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * cells);
  return "█".repeat(full) + "░".repeat(Math.max(0, cells - full));
}

/** Short enough for 80 columns; `trader status` says it at length. */
function pairText(snapshot: Snapshot): string {
  const view = primaryOf(snapshot)?.view ?? null;
  if (view === null) return "nobody leads at this moment";
  if (view.inSync.length < 2 || view.peer?.reachable !== true)
    return `strict, but ${view.node} is alone: its death would stop trading`;
  if (view.arbiter?.reachable !== true) return "strict, but the witness is away: a board's death would stop trading";
  return "strict: any one of the three may die, and trading goes on";
}

function orderLines(orders: readonly ShownAttempt[] | null, rows: number, paint: Paint): string[] {
  if (orders === null) return ["  the exchange does not answer", ...blank(rows - 1)];
  const lines = orders.slice(-rows).map(({ clientOrderId, side, qty, symbol, outcome }) => {
    const what = `${side.padEnd(4)} ${String(qty).padStart(4)} ${symbol.padEnd(5)}`;
    return `  ${clientOrderId}  ${what}  ${outcome === "accepted" ? paint("green", outcome) : paint("yellow", outcome)}`;
  });
  return [...lines, ...blank(rows - lines.length)];
}

function eventLines(scene: Scene, rows: number, paint: Paint): string[] {
  const seen = new Set<string>();
  const told = scene.snapshot.nodes.flatMap(({ view }) => view?.history ?? []);
  const events = [...told, ...scene.notes]
    .sort((x, y) => Date.parse(x.at) - Date.parse(y.at))
    .filter(({ at, text }) => !seen.has(at + text) && seen.add(at + text));
  return events.slice(-rows).map(({ at, text }) => `  ${paint("dim", at.slice(11, 19))}  ${text}`);
}

const blank = (rows: number): string[] => Array.from({ length: Math.max(0, rows) }, () => "");
