import type { ArbiterKind } from "../../../ha/core/messages.ts";
import { hostSchema, nameSchema } from "../../../ha/io/node-files.ts";
import type { PresetName } from "../../../ha/io/node-files.ts";
import type { Asker } from "../consent.ts";
import { presetText, protectionText } from "./explain.ts";
import type { Proposal } from "./propose.ts";

/** What `init` was told by options; what is absent is asked for, or taken as proposed. */
export type Given = {
  readonly name: string | undefined;
  readonly host: string | undefined;
  readonly arbiter: ArbiterKind | undefined;
  readonly preset: PresetName | undefined;
};

/** What a person, or the proposals, decided. */
export type Decided = {
  readonly name: string;
  readonly host: string | null;
  readonly arbiter: ArbiterKind;
  readonly preset: PresetName;
};

const nameProposed = "uno-a";

const shapes: readonly (readonly [text: string, kind: ArbiterKind])[] = [
  ["two boards, and a third device (a Pi, a NAS) that votes", "witness"],
  ["two boards, and the gateway that both can reach", "reachability"],
  ["two boards, failover by hand only", "manual"],
  ["one board", "standalone"],
];
const presetNames = ["fast", "default", "wifi"] as const;
/** Somebody who answers nonsense this often wants something else. */
const triesMax = 3;

/** Without a terminal: what was given, and else what is proposed. */
export const asProposed = (given: Given, proposal: Proposal): Decided => ({
  name: given.name ?? nameProposed,
  host: given.host ?? proposal.host,
  arbiter: given.arbiter ?? "witness",
  preset: given.preset ?? proposal.preset,
});

/** Asks for what was not given, each with its proposal, which Enter takes. */
export async function askFor(given: Given, proposal: Proposal, asker: Asker): Promise<Decided> {
  const start = asProposed(given, proposal);
  const arbiter = given.arbiter ?? (await askArbiter(asker));
  const name = given.name ?? (await askText(asker, `Name of this board [${start.name}]: `, start.name, nameSchema));
  const host =
    given.host ??
    (await askText(
      asker,
      `Where the others reach it [${start.host ?? "?"}, ${proposal.hostWhy}]: `,
      start.host,
      hostSchema,
    ));
  const preset = given.preset ?? (arbiter === "standalone" ? start.preset : await askPreset(asker, proposal));
  return { name, host, arbiter, preset };
}

function askArbiter(asker: Asker): Promise<ArbiterKind> {
  const lines = shapes.map(([text, kind], at) => `  ${at + 1}  ${text}\n     ${protectionText(kind)}`);
  return askChoice(
    asker,
    `What do you have?\n${lines.join("\n")}\n`,
    shapes.map(([, kind]) => kind),
    "witness",
  );
}

function askPreset(asker: Asker, proposal: Proposal): Promise<PresetName> {
  const lines = presetNames.map((name, at) => `  ${at + 1}  ${presetText(name)}`);
  const text = `How fast? ${proposal.preset} is proposed: ${proposal.presetWhy}.\n${lines.join("\n")}\n`;
  return askChoice(asker, text, presetNames, proposal.preset);
}

/** One of several by its number; Enter takes the proposed one. */
async function askChoice<T extends string>(asker: Asker, text: string, choices: readonly T[], proposed: T): Promise<T> {
  const at = choices.indexOf(proposed) + 1;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const answer = (await asker.question(`${tries === 0 ? text : ""}Number [${at}]: `)).trim();
    const chosen = answer === "" ? proposed : choices[Number(answer) - 1];
    if (chosen !== undefined) return chosen;
  }
  return proposed;
}

async function askText(
  asker: Asker,
  question: string,
  proposed: string | null,
  schema: { safeParse(text: unknown): { success: boolean } },
): Promise<string> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const answer = (await asker.question(question)).trim();
    const text = answer === "" ? proposed : answer;
    if (text !== null && schema.safeParse(text).success) return text;
  }
  throw new Error("No answer that can be used: nothing was set up.");
}
