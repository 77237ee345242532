import type { Command } from "commander";
import type { Logger } from "pino";
import type { Face } from "../display/faces.ts";
import type { DisplayWatch } from "../display/watch.ts";
import type { BrokerLink } from "../mqtt/broker-link.ts";
import { hostSchema, nameSchema, portSchema } from "../../ha/io/node-files.ts";
import { CliError } from "./exit.ts";
import { checked, lifelineOption, port } from "./options.ts";

type DisplayOptions = {
  from: readonly string[];
  cluster: string;
  mqtt?: string;
  token?: string;
  router?: string;
  page?: number;
  pageHost: string;
  json?: true;
  lifeline?: number;
};

const drawEveryMs = 100;
const appPortDefault = 8_000;

/** Adds `trader display`: shows what the pair does on this device, which need not be a node. */
export function addDisplay(program: Command): void {
  program
    .command("display")
    .description("show the pair on a third board or any PC, which needs nothing else of the trader")
    .option("--from <host[:port]>", "a node's page; repeat it for the other node; without it mDNS finds them", more, [])
    .option("--cluster <name>", "the cluster to look for", checked(nameSchema, "a cluster's name, as in home"), "home")
    .option("--mqtt <url>", "hear of it from a broker instead; user and password by TRADER_MQTT_USER, _PASSWORD")
    .option("--token <token>", 'show amounts too: from "trader display-token"; better by TRADER_DISPLAY_TOKEN')
    .option("--router <socket>", "on this board's matrix and LED 3 and 4")
    .option("--page <port>", "as a page that fills a browser's screen", port)
    .option(
      "--page-host <host>",
      "who may see the page: 0.0.0.0 is everybody",
      checked(hostSchema, "an address"),
      "127.0.0.1",
    )
    .option("--json", "one JSON line at each change, as without a terminal")
    .addOption(lifelineOption())
    .action(display);
}

async function display(options: DisplayOptions): Promise<void> {
  const token = options.token ?? process.env["TRADER_DISPLAY_TOKEN"] ?? null;
  if (options.mqtt !== undefined && (token !== null || options.from.length > 0)) {
    throw new CliError("--mqtt hears of percentages from a broker: it goes with neither --from nor a token.");
  }
  // Over mDNS anybody may say to be a node.
  if (token !== null && options.from.length === 0) {
    throw new CliError("A token is sent only to addresses that you name: add --from HOST.");
  }
  const { pino } = await import("pino");
  const { stopSignal } = await import("../../ha/stop-signal.ts");
  const { DisplayWatch } = await import("../display/watch.ts");
  const log = pino({ level: process.env["TRADER_LOG_LEVEL"] ?? "warn" }, pino.destination(2));
  const stopped = stopSignal(options.lifeline ?? null);
  const watch = new DisplayWatch({ from: options.from, token });
  const source = await sourceOf(options, watch, log);
  const faces = await facesOf(options, log);
  // Whoever reads the lines may go.
  process.stdout.once("error", () => process.exit());
  watch.run();
  const timer = setInterval(() => {
    for (const face of faces) face.draw(watch.shown());
  }, drawEveryMs);
  process.exitCode = await stopped;
  clearInterval(timer);
  watch.stop();
  for (const face of faces) face.stop();
  await source?.stop();
}

const write = (text: string): unknown => process.stdout.write(text);

/** What tells the display where to ask, or what to show; null where a person has told it. */
async function sourceOf(
  { mqtt, from, cluster }: DisplayOptions,
  watch: DisplayWatch,
  log: Logger,
): Promise<{ stop(): unknown } | null> {
  if (mqtt !== undefined) return subscription(mqtt, cluster, watch, log);
  if (from.length > 0) return null;
  const { browsePages } = await import("../../ha/io/mdns-browse.ts");
  const browser = browsePages({ cluster, onPage: (address) => watch.sighted(address), logger: log });
  browser.run();
  return browser;
}

async function subscription(url: string, cluster: string, watch: DisplayWatch, log: Logger): Promise<BrokerLink> {
  const { BrokerLink } = await import("../mqtt/broker-link.ts");
  const { displaySubscription } = await import("../display/subscription.ts");
  const link = new BrokerLink(displaySubscription(url, cluster, watch, log));
  void link.run();
  return link;
}

async function facesOf(options: DisplayOptions, log: Logger): Promise<readonly Face[]> {
  const { router, page, pageHost, json } = options;
  const faces: Face[] = [];
  if (router !== undefined) {
    const { boardFace } = await import("../display/board-face.ts");
    const { ledSettings } = await import("../led/led-settings.ts");
    faces.push(boardFace(router, ledSettings(process.env, log).light, log));
  }
  if (page !== undefined) {
    const { pageFace } = await import("../display/page-face.ts");
    faces.push(await pageFace(pageHost, page));
  }
  const { jsonFace, terminalFace } = await import("../display/terminal-face.ts");
  const { isTTY } = process.stdout;
  if (json === true || (faces.length === 0 && !isTTY)) faces.push(jsonFace(write));
  else if (faces.length === 0) faces.push(terminalFace(write, process.env["NO_COLOR"] === undefined));
  return faces;
}

/** One more `--from`; the page's port is 8000 unless it is said. */
function more(text: string, before: readonly string[]): readonly string[] {
  const { host, port: said } = /^(?<host>\[[\da-f:]+\]|[^:]+)(?::(?<port>\d+))?$/i.exec(text)?.groups ?? {};
  const bare = host?.replace(/^\[(.*)\]$/, "$1");
  const number = portSchema.safeParse(Number(said ?? appPortDefault));
  if (host === undefined || !hostSchema.safeParse(bare).success || !number.success) {
    throw new CliError(
      `--from ${text}: give a host or an address, and a port if it is not 8000, as in uno-a.local:8000.`,
    );
  }
  return [...before, `${host}:${number.data}`];
}
