import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { displayOf } from "../src/display/display-fixture.ts";
import { eventually, type ReadyNode } from "./demo-process.ts";
import { type Listener, Mosquitto, mosquittoMissing } from "./mosquitto.ts";
import { here, NetDisplay } from "./net-display.ts";
import { Pair } from "./pair.ts";

const missing = mosquittoMissing();
const LIMIT_MS = 30_000;
/** The kernel closes a dead process's connection: the broker knows at once. */
const willLimitMs = 2_000;
const told = z.looseObject({ epoch: z.int() });
const ofPortfolio = z.looseObject({ node: z.string(), epoch: z.int() });

describe.skipIf(missing !== null)(`a pair at a real Mosquitto (${missing ?? "Debian's"})`, () => {
  let broker: Mosquitto;
  let pair: Pair;
  let listener: Listener;
  let cluster: string;

  beforeAll(async () => {
    broker = await Mosquitto.start();
    for (const [name, value] of Object.entries(broker.env)) vi.stubEnv(name, value);
    listener = await broker.listen();
    pair = await Pair.start(["--preset", "fast", "--seed", "5"]);
    cluster =
      /^trader\/([^/]+)\//.exec(listener.heard.find(({ topic }) => topic.startsWith("trader/"))?.topic ?? "")?.[1] ??
      "";
  }, 120_000);
  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.log(pair.logTails(), JSON.stringify(listener.heard.slice(-30), null, 1));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await pair?.stop();
    await listener?.stop();
    await broker?.remove();
  });

  const statusOf = (node: ReadyNode): string =>
    listener.on(`trader/${cluster}/nodes/${node.name}/status`).at(-1)?.payload ?? "";
  const online = (node: ReadyNode): Promise<void> =>
    eventually(`${node.name} is online`, LIMIT_MS, () => statusOf(node) === "online");
  const portfolios = (): readonly z.infer<typeof ofPortfolio>[] =>
    listener.on(`trader/${cluster}/portfolio`).map(({ payload }) => ofPortfolio.parse(JSON.parse(payload)));

  test("both nodes tell Home Assistant of themselves and say that they live; the primary tells of the portfolio", async () => {
    const { primary } = await pair.protected();
    for (const node of pair.line.nodes) await online(node);
    await eventually("the portfolio is published", LIMIT_MS, () => portfolios().length > 0);
    expect(new Set(portfolios().map(({ node }) => node))).toEqual(new Set([primary.name]));
    const later = await broker.listen();
    try {
      const kept = (pattern: RegExp): number =>
        later.heard.filter(({ topic, kept: was }) => was && pattern.test(topic)).length;
      // Four entities of each node, seven of the pair: there for whoever subscribes later.
      await eventually("everything is kept", LIMIT_MS, () => kept(/^homeassistant\/.+\/config$/) === 15);
      expect(kept(/\/health$/)).toBe(2);
      expect(kept(/\/display$/)).toBe(0);
    } finally {
      await later.stop();
    }
  });

  test("when the primary is killed its last will is heard, and from then on the other one's portfolio only", async () => {
    const { primary, standby } = await pair.protected();
    for (const node of pair.line.nodes) await online(node);
    // Whoever leaves a picture at the broker: it has no age, and is nobody's.
    const left = `trader/${cluster}/display`;
    await listener.leave(left, JSON.stringify(displayOf(999)));
    const display = new NetDisplay(
      here,
      ["--mqtt", `mqtt://127.0.0.1:${broker.port}`, "--cluster", cluster],
      broker.env,
    );
    try {
      await eventually("the display hears of it", LIMIT_MS, () => display.freshEpoch !== null);
      const epoch = display.freshEpoch ?? -1;
      expect(epoch).toBeLessThan(999);
      await listener.leave(left, "");
      const killedMs = await pair.killWhole(primary);
      await eventually("its last will is said", LIMIT_MS, () => statusOf(primary) === "offline");
      const will = listener
        .on(`trader/${cluster}/nodes/${primary.name}/status`)
        .findLast((each) => each.payload === "offline");
      console.log(`last will ${Math.round((will?.atMs ?? 0) - killedMs)} ms after the kill`);
      expect((will?.atMs ?? 0) - killedMs).toBeLessThan(willLimitMs);
      expect(statusOf(standby)).toBe("online");
      await eventually("the next one's portfolio", LIMIT_MS, () => portfolios().at(-1)?.node === standby.name);
      await eventually("the display follows", LIMIT_MS, () => (display.freshEpoch ?? 0) > epoch);
      pair.start(primary, broker.env);
      await pair.protected();
      await online(primary);
      // Within an epoch one node speaks of the portfolio, and no epoch comes back.
      const said = portfolios();
      const speakers = new Map<number, Set<string>>();
      for (const { node, epoch: at } of said) speakers.set(at, (speakers.get(at) ?? new Set()).add(node));
      for (const [at, nodes] of speakers) expect([...nodes], `epoch ${at}`).toHaveLength(1);
      expect(said.map(({ epoch: at }) => at)).toEqual(said.map(({ epoch: at }) => at).toSorted((a, b) => a - b));
      expect(said.at(-1)?.node).toBe(standby.name);
    } finally {
      await display.stop();
    }
  });

  test("a broker that is killed costs the pair nothing, and knows everything again when it is back", async () => {
    const { primary } = await pair.protected();
    const { epoch } = await pair.health(primary);
    await listener.stop();
    await broker.kill();
    await pair.confirmedProbe(primary, LIMIT_MS);
    await broker.run();
    listener = await broker.listen();
    for (const node of pair.line.nodes) await online(node);
    const health = `trader/${cluster}/nodes/${primary.name}/health`;
    await eventually("its health", LIMIT_MS, () => listener.on(health).length > 0);
    expect(told.parse(JSON.parse(listener.on(health).at(-1)?.payload ?? "{}")).epoch).toBe(epoch);
    expect((await pair.health(primary)).epoch).toBe(epoch);
  });
});
