import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "./demo-process.ts";
import { hostNowMs } from "./net-agent.ts";
import { Avahi, avahiMissing } from "./net-avahi.ts";
import type { Seen } from "./net-avahi.ts";
import { netMissing } from "./net-namespaces.ts";
import { NetPair, other } from "./net-pair.ts";
import type { NodeName } from "./net-pair.ts";

const missing = netMissing() ?? avahiMissing();
/** Multicast is heard or not; a question asked anew a moment later is a fair one. */
const heardMs = 3_000;
const alias = "trader-home.local";
const display = fileURLToPath(new URL("./net-asker.ts", import.meta.url));
const shown = ({ txt }: Seen): string => `${txt["node"] ?? ""} ${txt["role"] ?? ""} ${txt["epoch"] ?? ""}`;
const aliasAnswer = z.object({ heardMs: z.number(), address: z.string(), ttl: z.int() });

describe.skipIf(missing !== null)(`a pair as Debian's avahi sees it (${missing ?? "namespaces"})`, () => {
  let pair: NetPair;
  let avahi: Avahi;

  beforeAll(async () => {
    pair = await NetPair.start("default", ["laptop"]);
    avahi = await Avahi.start(pair, "laptop");
    const laptop = pair.net.machine("laptop");
    pair.spawn(laptop, "display", [process.execPath, display, laptop.address, alias]);
  });
  afterEach(({ task }) => {
    pair.net.heal();
    if (task.result?.state === "fail") console.log(pair.logTails());
  });
  afterAll(() => pair?.stop());

  /** Waits until these lines, and maybe others, are listed by fresh questions. */
  async function lists(...wanted: readonly string[]): Promise<void> {
    let seen: string[] = [];
    const listed = eventually(`avahi lists ${wanted.join(", ")}`, heardMs, async () => {
      seen = (await avahi.browse()).map(shown);
      return wanted.every((line) => seen.includes(line));
    });
    await listed.catch((cause: unknown) => {
      throw new Error(`avahi lists ${seen.join(", ")} and not ${wanted.join(", ")}`, { cause });
    });
  }

  const epochOf = async (name: NodeName): Promise<number> => (await pair.health(name))?.epoch ?? -1;
  const addressOf = (name: string): string => pair.net.machine(name).address;

  /** Waits until the alias leads to this node; says how long after `sinceMs` it did. */
  async function aliasIsAt(name: NodeName, what: string, sinceMs: number | null): Promise<void> {
    let at: string | null = null;
    const there = eventually(`${alias} is at ${addressOf(name)}`, heardMs, async () => {
      at = await avahi.resolve(alias);
      return at === addressOf(name);
    });
    await there.catch((cause: unknown) => {
      throw new Error(`avahi has ${alias} at ${at ?? "no address"}`, { cause });
    });
    if (sinceMs !== null)
      console.log(`${what}: alias moved ${Math.round(hostNowMs() - sinceMs)} ms after the new lease`);
  }

  /** What the display was told since then. */
  const answersOf = (name: NodeName, sinceMs: number) =>
    readFileSync(pair.dataDir("display.log"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => aliasAnswer.parse(JSON.parse(line)))
      .filter((answer) => answer.address === addressOf(name) && answer.ttl > 0 && answer.heardMs > sinceMs);

  async function leadsAnew(next: NodeName, above: number): Promise<number> {
    await eventually(`${next} leads`, 15_000, () => pair.ledSinceMs(next, above) !== null);
    return pair.ledSinceMs(next, above) ?? 0;
  }

  test("[board 5.6] without a default route avahi-browse -rpt lists both nodes with role and epoch, and the witness", async () => {
    const primary = await pair.healed();
    const routes = await pair.command(pair.net.machine(primary), ["ip", "route", "show", "default"]);
    expect(routes).toBe("");
    const epoch = await epochOf(primary);
    await lists(`${primary} primary ${epoch}`, `${other(primary)} standby ${epoch}`, `witness witness ${epoch}`);
    for (const { txt, address, port, host } of await avahi.browse()) {
      expect(address).toBe(addressOf(txt["node"] ?? ""));
      expect(port).toBe(8008);
      expect(host).toMatch(new RegExp(`^trader-${txt["node"] ?? ""}-home-[0-9a-f]{6}\\.local$`));
      expect(txt).toMatchObject({ cluster: "home", api: "1" });
    }
    await aliasIsAt(primary, "start", null);
  });

  test("[board 5.3] right after a failover fresh questions list the new primary, then the old one as a standby", async () => {
    const old = await pair.healed();
    const next = other(old);
    const before = await epochOf(old);
    pair.net.unplug(old);
    const ledMs = await leadsAnew(next, before);
    await aliasIsAt(next, "cut", ledMs);
    const epoch = await epochOf(next);
    await lists(`${next} primary ${epoch}`);
    pair.net.heal();
    expect(await pair.healed()).toBe(next);
    await lists(`${next} primary ${epoch}`, `${old} standby ${epoch}`);
    await aliasIsAt(next, "cut", null);
  });

  test("a planned change is seen as fast, and the alias moves with it", async () => {
    const old = await pair.healed();
    const next = other(old);
    const before = await epochOf(old);
    await pair.trader(old, "switchover", "--yes");
    await aliasIsAt(next, "switchover", await leadsAnew(next, before));
    expect(await pair.healed()).toBe(next);
    const epoch = await epochOf(next);
    await lists(`${next} primary ${epoch}`, `${old} standby ${epoch}`);
  });

  test("[board 5.5] a killed primary stays listed, misleads nobody, and the alias leaves it for the new one", async () => {
    const old = await pair.healed();
    const next = other(old);
    const before = await epochOf(old);
    await lists(`${old} primary ${before}`);
    await pair.kill(old);
    await lists(`${old} primary ${before}`);
    await aliasIsAt(next, "kill", await leadsAnew(next, before));
    const epoch = await epochOf(next);
    expect(epoch).toBeGreaterThan(before);
    await lists(`${next} primary ${epoch}`);
    pair.run(old);
    expect(await pair.healed()).toBe(next);
    await lists(`${old} standby ${epoch}`);
  });

  test("a primary that was frozen answers to the alias no more when it thaws, whatever waited for it", async () => {
    const old = await pair.healed();
    const next = other(old);
    const { epoch, pids } = (await pair.health(old)) ?? expect.fail("the primary does not answer");
    const agent = pids.agent ?? expect.fail("the agent has no pid");
    process.kill(agent, "SIGSTOP");
    const ledMs = await leadsAnew(next, epoch);
    await aliasIsAt(next, "freeze", ledMs);
    const thawedMs = hostNowMs();
    process.kill(agent, "SIGCONT");
    expect(await pair.healed()).toBe(next);
    await aliasIsAt(next, "thaw", null);
    await eventually("the new primary answers the display", heardMs, () => answersOf(next, thawedMs).length > 5);
    expect(answersOf(old, thawedMs)).toEqual([]);
  });

  test("[board 5.7] a replugged adapter is heard again by itself", async () => {
    const primary = await pair.healed();
    const standby = other(primary);
    pair.net.replug(standby);
    await pair.healed();
    const line = `${standby} standby ${await epochOf(primary)}`;
    // A fresh avahi, with nothing in its memory.
    await eventually("the standby answers avahi on its new interface", 30_000, async () => {
      await avahi.forget();
      return (await avahi.browse()).map(shown).includes(line);
    });
  });

  test("[board 5.8] a machine that calls itself as our primary or our alias does not get the name", async () => {
    const primary = await pair.healed();
    const host = (await avahi.browse()).find(({ txt }) => txt["node"] === primary)?.host ?? expect.fail("not listed");
    for (const name of [alias, host]) {
      await avahi.forget(name.replace(".local", ""));
      expect(await avahi.resolve(name)).toBe(addressOf(primary));
    }
    expect(await pair.healed()).toBe(primary);
    await avahi.forget();
  });

  test("[board 5.1] avahi on the same machine and we do not disturb each other, not even when we leave", async () => {
    const primary = await pair.healed();
    const standby = other(primary);
    await Avahi.start(pair, standby);
    const epoch = await epochOf(primary);
    await avahi.forget();
    await lists(`${primary} primary ${epoch}`, `${standby} standby ${epoch}`);
    expect(await avahi.resolve(`${standby}.local`)).toBe(addressOf(standby));
    const agent = (await pair.health(standby))?.pids.agent ?? expect.fail("the agent has no pid");
    process.kill(agent, "SIGTERM");
    await eventually("our goodbye is heard", 5_000, async () =>
      (await avahi.browse()).every(({ txt }) => txt["node"] !== standby),
    );
    expect(await avahi.resolve(`${standby}.local`)).toBe(addressOf(standby));
  });
});
