import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, test } from "vitest";
import { synchronised } from "../../../src/right-time/synchronised.ts";
import { TimeWatch } from "../../../src/right-time/time-watch.ts";

const log = pino({ level: "silent" });
const nowMs = Date.UTC(2026, 10, 25, 15);

function watchOf(answer: (host: string) => Response | Promise<Response>, ntp: boolean | null = null) {
  const clock = { wallMs: nowMs, monotonicMs: 7 };
  const asked: string[] = [];
  const watch = new TimeWatch({
    hosts: ["https://a.example", "https://b.example"],
    synchronised: async () => ntp,
    log,
    fetch: async (url, init) => {
      asked.push(`${init?.method} ${url}`);
      return answer(url);
    },
    now: () => ({ ...clock }),
  });
  return { watch, clock, asked };
}
const noNetwork: (host: string) => Response = () => {
  throw new Error("no network");
};
const dated = (atMs: number): Response => new Response(null, { headers: { date: new Date(atMs).toUTCString() } });

test("nothing is traded until two hosts were asked and agree", async () => {
  const { watch, asked } = watchOf(() => dated(nowMs));
  expect(watch.trouble()).toBe("the clock was not checked yet");
  await watch.check();
  expect(watch.trouble()).toBeNull();
  expect(asked).toEqual(["HEAD https://a.example", "HEAD https://b.example"]);
});

test("a host that is away, says no time or says another is no witness", async () => {
  let answer = noNetwork;
  const { watch } = watchOf((host) => answer(host));
  await watch.check();
  expect(watch.trouble()).toBe("0 of 2 hosts said what time it is");
  answer = (host) => (host.includes("b.") ? new Response(null) : dated(nowMs));
  await watch.check();
  expect(watch.trouble()).toBe("1 of 2 hosts said what time it is");
  answer = () => dated(nowMs + 600_000);
  await watch.check();
  expect(watch.trouble()).toBe("the clock is 600 s behind https://a.example");
});

test("a time service that is not in step, or a clock set later, are told", async () => {
  const unsure = watchOf(() => dated(nowMs), false);
  await unsure.watch.check();
  expect(unsure.watch.trouble()).toContain("not synchronised");
  const { watch, clock } = watchOf(() => dated(nowMs), true);
  await watch.check();
  clock.wallMs += 10_000;
  expect(watch.trouble()).toContain("was set by 10 s");
});

test("the checks end at the stop", async () => {
  const { watch } = watchOf(() => dated(nowMs));
  const checks = watch.run();
  watch.stop();
  await checks;
});

test("systemd-timesyncd's mark tells, and its folder without the mark too", async () => {
  const run = mkdtempSync(join(tmpdir(), "trader-run-"));
  const folder = join(run, "systemd/timesync");
  mkdirSync(folder, { recursive: true });
  expect(await synchronised(run)).toBe(false);
  writeFileSync(join(folder, "synchronized"), "");
  expect(await synchronised(run)).toBe(true);
  rmSync(run, { recursive: true });
});
