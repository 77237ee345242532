import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { presets } from "../../ha/core/timing.ts";
import { freshMsMax } from "../../src/display/follow.ts";
import { eventually, runs } from "./demo-process.ts";
import { hostNowMs } from "./net-agent.ts";
import { NetDisplay } from "./net-display.ts";
import { netMissing } from "./net-namespaces.ts";
import { NetPair, other } from "./net-pair.ts";
import { killQuietly } from "./pair.ts";

const missing = netMissing();
const { leaseMs } = presets.default;
const FOUND_LIMIT_MS = 20_000;
/** A line is seen a drawing later, and a busy machine is late. */
const slackMs = 500;
const traderMain = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

describe.skipIf(missing !== null)(`a display on a machine of its own (${missing ?? "namespaces"})`, () => {
  let pair: NetPair;
  const displays: NetDisplay[] = [];

  beforeAll(async () => {
    pair = await NetPair.start("default", ["screen"]);
  });
  afterEach(async ({ task }) => {
    pair.net.heal();
    if (task.result?.state === "fail") {
      console.log(pair.logTails(), displays.map(({ lines }) => JSON.stringify(lines.slice(-10))).join("\n"));
    }
    for (const display of displays.splice(0)) await display.stop();
  });
  afterAll(() => pair?.stop());

  async function show(...args: readonly string[]): Promise<NetDisplay> {
    const display = new NetDisplay(pair.net.machine("screen"), args);
    displays.push(display);
    await eventually("the display has figures", FOUND_LIMIT_MS, () => display.freshEpoch !== null);
    return display;
  }
  const fromBoth = (): string[] =>
    ["uno-a", "uno-b"].flatMap((name) => ["--from", `${pair.net.machine(name).address}:8000`]);

  test("when the primary is killed the display follows the next one, and shows nothing old as fresh", async () => {
    const primary = await pair.healed();
    const made = JSON.parse(await pair.trader(primary, "display-token", "--json"));
    expect(made).toMatchObject({ confirmed: true });
    await expect(pair.trader(other(primary), "display-token")).rejects.toThrow(`${primary} leads: tokens are made`);
    const found = await show();
    const paired = await show(...fromBoth(), "--token", made.token);
    const strange = await show(...fromBoth(), "--token", "not-a-token-of-this-pair");
    expect([found, paired, strange].map(({ newest }) => newest?.display?.token)).toEqual([
      undefined,
      "known",
      "unknown",
    ]);
    const epoch = found.freshEpoch ?? -1;
    const all = Object.values((await pair.health(primary))?.pids ?? {}).filter((pid) => pid !== null);
    const killedMs = hostNowMs();
    for (const pid of all) killQuietly(pid);
    await eventually("the primary is dead", 5_000, () => all.every((pid) => !runs(pid)));
    for (const display of [found, paired, strange]) {
      await eventually(
        "the display shows the next primary",
        2 * leaseMs + 5_000,
        () => (display.freshEpoch ?? 0) > epoch,
      );
      expect(display.newest?.display?.drawn_by.node).toBe(other(primary));
    }
    const followedMs = [found, paired, strange].map(({ lines }) => (lines.at(-1)?.atMs ?? 0) - killedMs);
    const oldMs = [found, paired, strange].map((display) => display.freshUntilMs(epoch) - killedMs);
    console.log(`after the kill, milliseconds: next primary shown ${followedMs.map(Math.round).join()}`);
    for (const ms of followedMs) expect(ms).toBeLessThanOrEqual(leaseMs + 3_000);
    for (const ms of oldMs) expect(ms).toBeLessThanOrEqual(freshMsMax + slackMs);
    // The token was made on the one that is dead.
    expect(paired.newest?.display?.token).toBe("known");

    const argv = [process.execPath, traderMain, "run", "--data", pair.dataDir(primary)];
    pair.spawn(pair.net.machine(primary), primary, argv);
    expect(await pair.healed()).toBe(other(primary));
  });

  test("a display that is cut off says that its figures are old, and follows again by itself", async () => {
    await pair.healed();
    const display = await show();
    const epoch = display.freshEpoch ?? -1;
    pair.net.unplug("screen");
    const cutMs = hostNowMs();
    await eventually("old figures are called old", freshMsMax + 2_000, () => display.newest?.kind === "stale");
    expect(display.freshUntilMs(epoch) - cutMs).toBeLessThanOrEqual(freshMsMax + slackMs);
    pair.net.heal();
    await eventually("it follows again", 5_000, () => display.freshEpoch !== null);
  });

  test("through a planned change it is never without figures", async () => {
    const primary = await pair.healed();
    const display = await show(...fromBoth());
    const before = display.freshEpoch ?? -1;
    await pair.trader(primary, "switchover", "--yes");
    await eventually("it shows the next primary", 5_000, () => (display.freshEpoch ?? 0) > before);
    expect(display.lines.filter(({ kind }) => kind !== "fresh").slice(1)).toEqual([]);
  });
});
