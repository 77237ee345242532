import { remoteOf } from "./member.ts";
import type { Member } from "./member.ts";
import type { Position } from "./messages.ts";

/** Nothing is written for it that would leave less than this. */
const roomBytes = 24 * 1024 * 1024;
const firstAfterMs = 10 * 60_000;
const againAfterMs = 15 * 60_000;

/** How the last verification of a copy ended; `agoMs`: when. */
export type LastVerified = { readonly kind: "sound" | "damaged" | "undone"; readonly agoMs: number };

/**
 * In how long the next one is due, where one is wanted every `everyMs`: soon when there was none of this copy, or none
 * that came to a good end; 0: now. `copyMs`: for how long this run of the node has received this copy.
 */
export function dueInMs(last: LastVerified | null, copyMs: number, everyMs: number): number {
  const soonMs = Math.min(everyMs, firstAfterMs);
  // A node that has just started, or begun a copy, has other things to do.
  const restMs = Math.max(0, soonMs - copyMs);
  if (last === null) return restMs;
  const waitMs = last.kind === "sound" ? everyMs : Math.min(everyMs, againAfterMs);
  return Math.max(restMs, waitMs - last.agoMs, 0);
}

/** Why a standby's copy cannot be verified at this moment; null when it can. */
export function hindersVerifying(member: Member, received: Position | null, nowMs: number): string | null {
  const { voter, phase } = member;
  const { record, name } = voter;
  if (phase.kind === "primary") return `${name} leads; what the standby has is verified`;
  if (phase.kind !== "standby" || record === null || record.holder === null || record.holder === name)
    return "no primary is known";
  if (nowMs - remoteOf(member, record.holder).lastHeardMs >= voter.timing.leaseMs)
    return `${record.holder} is not heard from`;
  const complete = record.sync.setEpoch === record.epoch && record.sync.inSync.includes(name);
  if (!complete || received?.epoch !== record.epoch) return `${name} does not hold everything confirmed yet`;
  return null;
}

/** Why there is no room for another copy as large as this one; null when there is, or when nobody knows. */
export function hindersForRoom(copyBytes: number | null, freeBytes: number | null): string | null {
  if (copyBytes === null || freeBytes === null) return null;
  const neededBytes = 2 * copyBytes + roomBytes;
  if (freeBytes >= neededBytes) return null;
  return `there is no room for a scratch copy: ${mb(freeBytes)} MB are free, ${mb(neededBytes)} MB are needed`;
}

const mb = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
