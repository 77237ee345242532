import { existsSync, readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { z } from "zod";
import { AgentChannel, processWire } from "./agent-channel.ts";
import { appEnvironment } from "./app-environment.ts";
import { App } from "./app.ts";
import { appClock, clockOptions, parseClock } from "./clock.ts";
import { notifySettings } from "./notify/notifier.ts";
import type { Broker } from "./trading/broker.ts";
import { createAlpaca } from "./trading/brokers/alpaca.ts";

/** The trader of one node, started by its agent: `node src/main.ts --data DIR [--clock-…]`. */
const log = pino({ name: "app", level: process.env["TRADER_LOG_LEVEL"] ?? "info" }, pino.destination(2));

/** What an app needs of `node.json`. */
const nodeFile = z.object({
  name: z.string().min(1),
  cluster: z.string().min(1),
  host: z.string().min(1),
  ports: z.object({ app: z.int().min(0).max(65_535) }),
});

/** What an app needs of `secrets.json`. */
const secretsFile = z.object({ clusterSecret: z.base64().min(1) });

function settings() {
  const { values } = parseArgs({ options: { data: { type: "string" }, ...clockOptions } });
  const dataDir = z.string("--data DIR is needed").min(1).parse(values.data);
  const file = join(dataDir, "node.json");
  const node = nodeFile.parse(JSON.parse(readFileSync(file, "utf8")));
  const env = appEnvironment.parse(process.env);
  return { dataDir, node, env, clock: appClock(parseClock(values)), clusterSecret: clusterSecretOf(dataDir) };
}

/** null: there is no `secrets.json`, as beside an agent of a test. */
function clusterSecretOf(dataDir: string): string | null {
  const file = join(dataDir, "secrets.json");
  return existsSync(file) ? secretsFile.parse(JSON.parse(readFileSync(file, "utf8"))).clusterSecret : null;
}

function brokerOf(env: z.infer<typeof appEnvironment>): Broker | "paper" {
  const { TRADER_EXCHANGE_URL: baseUrl, TRADER_BROKER_KEY_ID: keyId, TRADER_BROKER_SECRET: secret } = env;
  if (env.TRADER_BROKER === "paper" || baseUrl === undefined) return "paper";
  return createAlpaca({ baseUrl, keyId, secret, money: env.TRADER_EXCHANGE_MONEY });
}

const messageOf = (error: unknown): string => messagesOf(error).join(": ").replaceAll(/\s+/g, " ").slice(0, 500);

/** What went wrong, and what caused it. */
function messagesOf(error: unknown): readonly string[] {
  if (error instanceof z.ZodError) return [z.prettifyError(error)];
  if (error === undefined) return [];
  if (!(error instanceof Error)) return [typeof error === "string" ? error : JSON.stringify(error)];
  return [error.message, ...messagesOf(error.cause)];
}

async function main(): Promise<void> {
  const wire = processWire();
  if (!wire) throw new Error("an agent starts this program: see `trader run`");
  const channel = new AgentChannel(wire, log);
  // What nobody handled leaves the app in no known state: say it, and let the agent start another.
  const giveUp = (error: unknown): void => {
    log.fatal({ err: error }, "the app cannot go on");
    channel.send({ kind: "cannot-run", reason: messageOf(error) });
    setTimeout(() => process.exit(1), 20);
  };
  process.on("uncaughtException", giveUp);
  process.on("unhandledRejection", giveUp);
  try {
    const { dataDir, node, env, clock, clusterSecret } = settings();
    const app = new App({
      node: node.name,
      cluster: node.cluster,
      host: node.host,
      port: node.ports.app,
      dataDir,
      clock,
      market: env.TRADER_MARKET,
      timeHosts: env.TRADER_TIME_HOSTS,
      clusterSecret,
      broker: brokerOf(env),
      notify: notifySettings.parse(process.env),
      channel,
      fail: giveUp,
      log,
    });
    await app.start();
    // For the next start: this process ends by SIGKILL, when Node would have no time to.
    setTimeout(flushCompileCache, 5_000).unref();
  } catch (error) {
    giveUp(error);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`app: ${messageOf(error)}\n`);
  process.exit(1);
});
