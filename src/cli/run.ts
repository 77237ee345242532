import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import { z } from "zod";
import type { ClockArgs } from "../clock.ts";
import { CliError } from "./exit.ts";
import { refuseOtherKind } from "./kind.ts";
import { checked, dataOption, lifelineOption, url, wholeNumber } from "./options.ts";
import { adoptSettings } from "./settings.ts";

type RunOptions = {
  data: string;
  exchangeUrl?: string;
  clockOriginReal?: number;
  clockOriginApp?: number;
  clockScale?: number;
  lifeline?: number;
};

const appMain = fileURLToPath(new URL("../main.ts", import.meta.url));

/** Adds `trader run`: runs this node until SIGTERM, which hands the lead over first where it can. */
export function addRun(program: Command): void {
  const instant = wholeNumber(0, 10 ** 14);
  program
    .command("run")
    .description("run this node (agent, link, Litestream, trader); a witness is run by `trader witness`")
    .addOption(dataOption())
    .addOption(
      new Option("--exchange-url <url>", "where orders go; without it, to the built-in paper broker")
        .env("TRADER_EXCHANGE_URL")
        .argParser(url),
    )
    .addOption(new Option("--clock-origin-real <ms>").argParser(instant).hideHelp())
    .addOption(new Option("--clock-origin-app <ms>").argParser(instant).hideHelp())
    .addOption(new Option("--clock-scale <factor>").argParser(checked(scale, "a factor from 0 to 100000")).hideHelp())
    .addOption(lifelineOption())
    .action(run);
}

const scale = z.string().transform(Number).pipe(z.number().positive().max(100_000));

async function run(options: RunOptions): Promise<void> {
  const { data: dataDir } = options;
  const { readNodeConfig, readSecrets } = await import("../../ha/io/node-files.ts");
  const { clockArgv } = await import("../clock.ts");
  const { pino } = await import("pino");
  const { AgentPicture } = await import("../led/agent-picture.ts");
  const { ledSettings } = await import("../led/led-settings.ts");
  const { verifyEveryMs } = await import("../config/verify-environment.ts");
  refuseOtherKind(dataDir, "node");
  await adoptSettings(dataDir);
  const { name: node } = readNodeConfig(dataDir);
  const { brokerKeyId, brokerSecret, mqttUser, mqttPassword } = readSecrets(dataDir);
  const clock = clockOf(options);
  const clockArguments = clock === null ? [] : clockArgv(clock);
  // Not by arguments, which every user of the machine can read.
  const broker = {
    ...(options.exchangeUrl !== undefined && { TRADER_EXCHANGE_URL: options.exchangeUrl }),
    ...(brokerKeyId !== undefined && { TRADER_BROKER_KEY_ID: brokerKeyId }),
    ...(brokerSecret !== undefined && { TRADER_BROKER_SECRET: brokerSecret }),
    ...(mqttUser !== undefined && { TRADER_MQTT_USER: mqttUser }),
    ...(mqttPassword !== undefined && { TRADER_MQTT_PASSWORD: mqttPassword }),
  };
  const { runAgent } = await import("../../ha/agent.ts");
  const log = pino({ level: process.env["TRADER_LOG_LEVEL"] ?? "info" }, pino.destination(2));
  // The app has the same settings, and says what is wrong with them.
  const settings = ledSettings(process.env, { error: () => undefined });
  process.exitCode = await runAgent({
    dataDir,
    appCommand: [process.execPath, ...process.execArgv, appMain, ...clockArguments],
    appEnv: { ...process.env, ...broker },
    lifelinePid: options.lifeline ?? null,
    fetchLitestream: true,
    verifyEveryMs: verifyEveryMs(process.env),
    appWatch: new AgentPicture({ node, dataDir, settings, log }),
    log,
  });
}

function clockOf(options: RunOptions): ClockArgs | null {
  const { clockOriginReal: originRealMs, clockOriginApp: originAppMs, clockScale: scale } = options;
  if (originRealMs === undefined && originAppMs === undefined && scale === undefined) return null;
  if (originRealMs === undefined || originAppMs === undefined || scale === undefined) {
    throw new CliError(
      "--clock-origin-real, --clock-origin-app and --clock-scale go together: give all three or none.",
    );
  }
  return { originRealMs, originAppMs, scale };
}
