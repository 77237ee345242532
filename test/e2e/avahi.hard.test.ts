import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./demo-process.ts";
import { Avahi, avahiMissing } from "./net-avahi.ts";
import type { Seen } from "./net-avahi.ts";
import { netMissing } from "./net-namespaces.ts";
import { NetPair, other } from "./net-pair.ts";
import type { NodeName } from "./net-pair.ts";

const missing = netMissing() ?? avahiMissing();
/** Multicast is heard or not; a question asked anew a moment later is a fair one. */
const heardMs = 3_000;
const shown = ({ txt }: Seen): string => `${txt["node"] ?? ""} ${txt["role"] ?? ""} ${txt["epoch"] ?? ""}`;

describe.skipIf(missing !== null)(`a pair as Debian's avahi sees it (${missing ?? "namespaces"})`, () => {
  let pair: NetPair;
  let avahi: Avahi;

  beforeAll(async () => {
    pair = await NetPair.start("default", ["laptop"]);
    avahi = await Avahi.start(pair, "laptop");
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

  test("avahi-browse -rpt lists both nodes with role and epoch, and the witness", async () => {
    const primary = await pair.healed();
    const epoch = await epochOf(primary);
    await lists(`${primary} primary ${epoch}`, `${other(primary)} standby ${epoch}`);
    const all = await avahi.browse();
    expect(new Set(all.map(({ txt }) => txt["node"]))).toEqual(new Set(["uno-a", "uno-b", "witness"]));
    for (const { txt, address, port, host } of all) {
      expect(address).toBe(pair.net.machine(txt["node"] ?? "").address);
      expect(port).toBe(8008);
      expect(host).toBe(`trader-${txt["node"] ?? ""}-home.local`);
      expect(txt).toMatchObject({ cluster: "home", api: "1" });
    }
  });

  test("right after a failover it lists the new primary, and once the old one is back, that it is a standby", async () => {
    const old = await pair.healed();
    const next = other(old);
    const before = await epochOf(old);
    pair.net.unplug(old);
    await eventually("the standby leads", 15_000, () => pair.ledSinceMs(next, before) !== null);
    const epoch = await epochOf(next);
    await lists(`${next} primary ${epoch}`);
    pair.net.heal();
    expect(await pair.healed()).toBe(next);
    await lists(`${next} primary ${epoch}`, `${old} standby ${epoch}`);
  });

  test("a planned change is seen as fast", async () => {
    const old = await pair.healed();
    const next = other(old);
    await pair.trader(old, "switchover", "--yes");
    expect(await pair.healed()).toBe(next);
    const epoch = await epochOf(next);
    await lists(`${next} primary ${epoch}`, `${old} standby ${epoch}`);
  });

  test("a replugged adapter is heard again by itself", async () => {
    const primary = await pair.healed();
    const standby = other(primary);
    pair.net.replug(standby);
    await pair.healed();
    const epoch = await epochOf(primary);
    await eventually(
      "the standby answers avahi on its new interface",
      30_000,
      async () => (await mdnsAnswers(standby)) === `${standby} standby ${epoch}`,
    );
  });

  /** What a fresh avahi, with nothing in its memory, hears of this node. */
  async function mdnsAnswers(name: NodeName): Promise<string> {
    await avahi.forget();
    return (await avahi.browse()).map(shown).find((line) => line.startsWith(`${name} `)) ?? "";
  }
});
