import type { Command } from "commander";
import type { Finding } from "./doctor/checks.ts";
import { dataOption, withJson } from "./options.ts";
import { say, sayJson, styled } from "./output.ts";

type DoctorOptions = { data: string; json?: true };

/** Adds `trader doctor`: looks at everything that a node stands on, and says what to do about what is wrong. */
export function addDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .description("check this node and what it stands on, each with its remedy; changes nothing")
    .addOption(dataOption());
  withJson(command).action(doctor);
}

async function doctor({ data, json }: DoctorOptions): Promise<void> {
  const { examine } = await import("./doctor/checks.ts");
  const { gatherFacts } = await import("./doctor/gather.ts");
  const { exitCodes } = await import("./exit.ts");
  const { refuseWitness } = await import("./kind.ts");
  refuseWitness(data);
  const findings = examine(await gatherFacts(data));
  if (json) sayJson(findings);
  else for (const finding of findings) say(lineOf(finding));
  process.exitCode = findings.some(({ level }) => level === "fail") ? exitCodes.refused : exitCodes.done;
}

const styles = { ok: "green", warn: "yellow", fail: "red" } as const;

function lineOf({ level, check, detail, remedy }: Finding): string {
  const end = remedy === null ? "" : ` -> ${remedy}`;
  return `${styled(styles[level], level.padStart(4))}  ${check}: ${detail}${end}`;
}
