import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { consent } from "./consent.ts";
import { CliError, exitCodes } from "./exit.ts";
import { installed, mustBeRoot, performAll, sha256 } from "./install.ts";
import { rootOption } from "./options.ts";
import { say } from "./output.ts";

type UninstallOptions = { witness?: true; deleteData?: string; dryRun?: true; yes?: true; root: string };

/** Adds `trader uninstall`: takes away what `trader install` made, and nothing else. */
export function addUninstall(program: Command): void {
  program
    .command("uninstall")
    .description('take away what "trader install" made; the data stay unless they are named')
    .option("--witness", "the witness instead of the node")
    .option("--delete-data <name>", "delete the data directory too: the name of this node or witness")
    .option("--dry-run", "say what would be done")
    .option("--yes", "do not ask")
    .addOption(rootOption())
    .action(uninstall);
}

async function uninstall(options: UninstallOptions): Promise<void> {
  const { unitName } = await import("../install/unit.ts");
  const { stepText, uninstallSteps } = await import("../install/plan.ts");
  const { root, dryRun } = options;
  const [unit, other] = options.witness
    ? [unitName("witness"), unitName("node")]
    : [unitName("node"), unitName("witness")];
  if (!dryRun) mustBeRoot(root);
  const manifest = await installed(unit, root);
  if (manifest === null) throw new CliError(`${unit} was not installed by "trader install".`, exitCodes.refused);
  const written = join(root, manifest.unitPath);
  if (existsSync(written) && sha256(readFileSync(written, "utf8")) !== manifest.unitSha256) {
    throw new CliError(
      `${manifest.unitPath} was changed since. Save what you need of it (a drop-in stays), remove it, and try again.`,
      exitCodes.refused,
    );
  }
  const withData = options.deleteData !== undefined;
  if (withData) await checkName(options.deleteData ?? "", join(root, manifest.dataDir));
  const userStays = (await installed(other, root))?.user === manifest.user;
  const steps = uninstallSteps(manifest, withData, userStays);
  if (dryRun) return steps.forEach((step) => say(`would ${stepText(step)}`));
  const data = withData ? `${manifest.dataDir} is deleted` : `${manifest.dataDir} stays`;
  await consent(`${unit} is stopped and removed; ${data}. Go on?`, options.yes === true);
  await performAll(steps, root);
  say(withData || !existsSync(join(root, manifest.dataDir)) ? "Nothing is left." : `Left: ${manifest.dataDir}.`);
}

/** Data are deleted by their name only. */
async function checkName(typed: string, dataDir: string): Promise<void> {
  const { readNodeConfig } = await import("../../ha/io/node-files.ts");
  const { readWitnessFolders } = await import("../../ha/io/witness-folders.ts");
  const { kindOf } = await import("./kind.ts");
  const kind = kindOf(dataDir);
  const names =
    kind === "node"
      ? [readNodeConfig(dataDir).name]
      : readWitnessFolders(dataDir).flatMap(({ config }) => (config === null ? [] : [config.name]));
  if (names.includes(typed)) return;
  const whose = names.length === 0 ? "nobody who could be named; delete them yourself" : names.join(", ");
  throw new CliError(`--delete-data ${typed}: the data are of ${whose}. Nothing was changed.`, exitCodes.refused);
}
