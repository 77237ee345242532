import { parseArgs } from "node:util";
import { pino } from "pino";
import { keepCompiled } from "../io/compile-cache.ts";
import { DEFAULT_PACE } from "./connector.ts";
import { Link } from "./link.ts";
import { fenceSchema } from "./protocol.ts";
import type { FromLink } from "./protocol.ts";

/**
 * The link process: `node ha/link/main.ts --data DIR [--fence EPOCH:HOLDER] [--pace-bytes-per-s N]`, started by the
 * agent with an IPC channel and TRADER_LINK_USER, TRADER_LINK_PASSWORD in its environment. It ends with its agent.
 */
const log = pino({ name: "link" }, pino.destination({ dest: 2, sync: true }));

function fail(error: unknown): never {
  log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
  process.exit(1);
}

const aliveEveryMs = 500;

try {
  const { values } = parseArgs({
    options: { data: { type: "string" }, fence: { type: "string" }, "pace-bytes-per-s": { type: "string" } },
  });
  const { TRADER_LINK_USER: user, TRADER_LINK_PASSWORD: password } = process.env;
  if (values.data === undefined) throw new Error("--data DIR is missing");
  if (process.send === undefined) throw new Error("the link is started by the agent, with an IPC channel");
  if (!user || !password) throw new Error("TRADER_LINK_USER and TRADER_LINK_PASSWORD are missing");
  const perSecond =
    values["pace-bytes-per-s"] === undefined ? DEFAULT_PACE.perSecond : Number(values["pace-bytes-per-s"]);
  if (!(perSecond >= 10_000)) throw new Error("--pace-bytes-per-s: a number of at least 10000 is needed");
  const [epoch, holder] = values.fence?.split(":") ?? [];
  const fence = values.fence === undefined ? null : fenceSchema.parse({ epoch: Number(epoch), holder });
  process.on("disconnect", () => process.exit(0));
  // A failed send means that the agent is gone: `disconnect` ends this process.
  setInterval(
    () => process.send?.({ kind: "alive" } satisfies FromLink, undefined, undefined, () => undefined),
    aliveEveryMs,
  );
  const link = new Link({
    dir: values.data,
    user,
    password,
    pace: { perSecond, burst: Math.min(DEFAULT_PACE.burst, perSecond) },
    channel: {
      send: (message) => void process.send?.(message, undefined, undefined, () => undefined),
      onMessage: (listener) => void process.on("message", listener),
    },
    log,
    onFatal: fail,
  });
  await link.start(fence);
  keepCompiled();
} catch (error) {
  fail(error);
}
