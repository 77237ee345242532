import { setTimeout as pass } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { presets } from "../../ha/core/timing.ts";
import { NetLoad } from "./net-load.ts";
import { netMissing } from "./net-namespaces.ts";
import { NetPair } from "./net-pair.ts";
import { shrinksOf, silencesOf } from "./net-silences.ts";

const missing = netMissing();
const { leaseMs, marginMs, beatMs } = presets.default;
/** The longest silence that a lease outlives for certain when the requests before and after it may each be lost once. */
const silenceMs = leaseMs - marginMs - 3 * beatMs;
/** Between two silences, so that connections that had to wait are through again. */
const restMs = 5_000;
const minutes = Number(process.env["TRADER_LOSS_MINUTES"] ?? "0.7");
const rounds = Math.max(5, Math.round((minutes * 60_000) / (silenceMs + restMs)));
const loss = 0.05;

describe.skipIf(missing !== null)(`a pair on a bad network (${missing ?? "namespaces"})`, () => {
  let pair: NetPair;
  let load: NetLoad;

  beforeAll(async () => {
    pair = await NetPair.start("default");
    load = new NetLoad(pair);
  });
  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.log(pair.logTails());
  });
  afterAll(async () => {
    await load?.stop();
    await pair?.stop();
  });

  test(
    "5% loss and silences just under a lease: no failover, and the set shrinks at most once for each silence",
    async () => {
      const primary = await pair.healed();
      const before = await pair.health(primary);
      const shrunkBefore = shrinksOf(pair, primary);
      const silences = silencesOf(primary);
      for (const name of pair.net.machines.keys()) pair.net.lose(name, loss);
      for (let round = 0; round < rounds; round += 1) {
        const { what, deaf } = silences[round % silences.length] ?? silences[0];
        await pass(restMs);
        await pair.net.silence(deaf, silenceMs);
        const now = await pair.health(primary);
        expect({ what, role: now?.role, epoch: now?.epoch }).toEqual({ what, role: "primary", epoch: before?.epoch });
      }
      pair.net.heal();
      expect(await pair.healed()).toBe(primary);
      await pair.confirmedProbe(primary);
      await load.stop();
      const after = await pair.health(primary);
      expect({ epoch: after?.epoch, app: after?.pids.app }).toEqual({ epoch: before?.epoch, app: before?.pids.app });
      expect(await pair.lostProbes(primary)).toEqual([]);
      expect(pair.violations()).toEqual([]);
      const shrunk = shrinksOf(pair, primary) - shrunkBefore;
      expect(shrunk).toBeLessThanOrEqual(rounds);
      const share = Math.round(loss * 100);
      console.log(
        `${rounds} silences of ${silenceMs} ms at ${share}% loss: no failover, the set shrank ${shrunk} times, ` +
          `${pair.confirmed.size} probes confirmed. Longer: TRADER_LOSS_MINUTES=10 npm run test:hard -- test/e2e/cuts-loss`,
      );
    },
    rounds * (silenceMs + restMs + 2_000) + 60_000,
  );
});
