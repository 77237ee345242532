import { stripVTControlCharacters } from "node:util";
import type { ShownView } from "./agent-view.ts";
import { agoText, styled } from "./output.ts";

/** What `trader status` shows of a node and its pair, as lines; `nowMs` is wall time, for ages only. */
export function statusLines(view: ShownView, nowMs: number): readonly string[] {
  const { peer, arbiter } = view;
  const rows: string[][] = [[styled("bold", view.node), roleText(view), `epoch ${view.epoch}`, workText(view)]];
  if (peer !== null) rows.push([peer.name, peerRole(view), "", peerText(view)]);
  if (arbiter !== null)
    rows.push([arbiter.name, arbiter.kind, "", arbiter.reachable ? "answers" : styled("red", "does not answer")]);
  return [
    ...table(rows),
    "",
    `Protection: ${view.protection}. ${view.limits}`,
    ...verifiedLines(view, nowMs),
    ...(view.paused ? ["Maintenance is on; to end it: trader maintenance off."] : []),
    ...(view.reasons.length === 0 ? [styled("green", "All is as it should be.")] : ["Not as it should be:"]),
    ...view.reasons.map((reason) => `  - ${styled("yellow", reason)}`),
    ...(view.appNotes.length === 0 ? [] : ["", "Trading:"]),
    ...view.appNotes.map((note) => `  - ${note}`),
    ...(view.history.length === 0 ? [] : ["", "Newest events:"]),
    ...view.history.slice(-5).map(({ at, text }) => `  ${agoText(nowMs - Date.parse(at)).padStart(10)}  ${text}`),
  ];
}

function roleText({ role }: ShownView): string {
  if (role === "primary") return styled("green", "primary");
  return role === "standby" ? styled("blue", "standby") : styled("yellow", role);
}

function workText(view: ShownView): string {
  const { role, leaseLeftMs, ledgerOpen, position } = view;
  if (role === "primary") {
    return `lease ${(leaseLeftMs / 1000).toFixed(1)} s left, ${ledgerOpen ? "trading" : "opening the ledger"}`;
  }
  const state = view.inSync.includes(view.node) ? "in sync" : "catching up";
  return `${state}${lagText(view)}, at ${position.epoch}/${position.txid}`;
}

const peerRole = ({ peer, primary, role }: ShownView): string => {
  if (peer?.name === primary) return "primary";
  return role === "primary" ? "standby" : "other node";
};

const lagText = ({ peer }: ShownView): string => {
  const lag = peer?.lagTxids ?? null;
  return lag === null ? "" : `, ${lag} ${lag === 1 ? "transaction" : "transactions"} behind`;
};

function peerText(view: ShownView): string {
  const { peer } = view;
  if (peer === null) return "";
  if (!peer.reachable) {
    const since = peer.lastHeardMs === null ? "" : ` (last heard ${agoText(peer.lastHeardMs)})`;
    return styled("red", `not heard from${since}`);
  }
  if (peer.name === view.primary) return "leads";
  return `${peer.inSync ? "in sync" : "catching up"}${lagText(view)}`;
}

/** Of a standby only: what a primary leads with is no copy. */
function verifiedLines({ role, verified }: ShownView, nowMs: number): string[] {
  if (role !== "standby") return [];
  if (verified === null) return ["This copy has not been verified yet; to do it now: trader verify."];
  const { at, sound, epoch, txid } = verified;
  const when = `${agoText(nowMs - Date.parse(at))}, at ${epoch}/${txid}`;
  return [sound ? `This copy was verified ${when}.` : styled("red", `This copy was found damaged ${when}.`)];
}

// Widths count what is seen, not the codes of colours.
const seen = (cell: string): number => stripVTControlCharacters(cell).length;

function table(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => seen(row[column] ?? ""))));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - seen(cell))))
      .join("   ")
      .trimEnd(),
  );
}
