import type { ArbiterKind } from "../../../ha/core/messages.ts";
import type { PresetName } from "../../../ha/io/node-files.ts";
import { styled } from "../output.ts";
import { presetText, protectionText } from "./explain.ts";

type Founded = {
  readonly data: string;
  readonly name: string;
  readonly cluster: string;
  readonly host: string;
  readonly arbiter: ArbiterKind;
  readonly targets: readonly string[];
  readonly preset: PresetName;
};
type Given = {
  readonly nodeToken: string | null;
  readonly witnessToken: string | null;
  readonly expiresAtMs: number;
  readonly adminPassword: string;
};

const because = (text: string): string => (text === "" ? "" : ` (${text})`);

/** What `trader init` says at its end: what was decided and why, what it protects from, the password, what comes next. */
export function foundedLines(
  founded: Founded,
  given: Given,
  why: { readonly host: string; readonly preset: string },
): readonly string[] {
  const { data, name, cluster, host, arbiter, targets, preset } = founded;
  const { nodeToken, witnessToken, adminPassword } = given;
  const end = new Date(given.expiresAtMs).toISOString().slice(0, 16).replace("T", " ");
  return [
    `${styled("bold", name)} founds the cluster ${styled("bold", cluster)} in ${data}.`,
    "",
    `  address     ${host}${because(why.host)}`,
    `  timing      ${presetText(preset)}${because(why.preset)}`,
    `  third vote  ${[arbiter, ...targets].join(" ")}`,
    `  protection  ${protectionText(arbiter)}`,
    "  trading     paper money at recorded prices; for today's prices and a broker: trader config init",
    "",
    `Admin password, shown this once: ${styled("bold", adminPassword)}`,
    "",
    "Next, on this board:",
    `  trader run --data ${data}`,
    ...(witnessToken === null
      ? []
      : ["", "On a third device, the witness:", `  trader witness --join ${witnessToken} --data DIR`]),
    ...(nodeToken === null
      ? []
      : ["", "On the second board:", `  trader join ${nodeToken} --data DIR && trader run --data DIR`]),
    ...(nodeToken === null ? [] : ["", `A token is good once, until ${end} UTC; "trader token" makes another.`]),
  ];
}
