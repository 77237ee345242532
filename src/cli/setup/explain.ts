import type { ArbiterKind } from "../../../ha/core/messages.ts";
import { limitsOf, protectionOf } from "../../../ha/core/protection.ts";
import { presets } from "../../../ha/core/timing.ts";
import type { PresetName } from "../../../ha/io/node-files.ts";

/** What protection an arbiter gives once everybody is there: the sentence that `trader status` then shows. */
export function protectionText(kind: ArbiterKind): string {
  const protection = protectionOf[kind];
  const peer = { name: "", reachable: true, inSync: true, lagTxids: 0, lastHeardMs: 0 };
  const arbiter = { name: "", kind, reachable: true };
  return `${protection}. ${limitsOf({ protection, peer, inSync: ["", " "], arbiter, paused: false })}`;
}

/** What a preset means for the one who waits. */
export const presetText = (preset: PresetName): string =>
  `${preset}: the other board leads ${presets[preset].leaseMs / 1_000} s after this one died`;
