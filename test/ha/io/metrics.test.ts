import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { AgentMetrics } from "../../../ha/io/metrics.ts";
import { createHealthApp } from "../../../ha/server.ts";
import { primaryView, standbyView } from "../core/views.ts";

const running: AgentMetrics[] = [];
afterEach(() => {
  for (const metrics of running.splice(0)) metrics.stop();
});

function started(clock = { nowMs: 0 }): AgentMetrics {
  const metrics = new AgentMetrics(() => clock.nowMs);
  metrics.run();
  running.push(metrics);
  return metrics;
}

const at = "2026-11-26T12:00:00.000Z";
const promoted = { kind: "promoted", at, node: "node-a", epoch: 5, from: "node-b", gapMs: 3, lostEstimate: 0 } as const;

describe("the metrics of an agent", () => {
  test("are served beside health, in the text format", async () => {
    const answer = await createHealthApp(() => primaryView, started()).request("/metrics");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(await answer.text()).toContain("ha_epoch 4\n");
  });

  test("tell role, lease, positions, lag and protection from the view", async () => {
    const text = await started().text({ ...primaryView, leaseLeftMs: 2_500 });
    expect(text).toContain('ha_role{role="primary"} 1\nha_role{role="standby"} 0\n');
    expect(text).toContain("ha_lease_left_seconds 2.5\n");
    expect(text).toContain("ha_position_txid 77\n");
    expect(text).toContain('ha_protection{protection="strict"} 1\n');
    expect(await started().text(standbyView)).toContain("ha_primary 0\n");
  });

  test("count promotions by cause, changes of the set, and answers to confirmations", async () => {
    const metrics = started();
    metrics.note({ ...promoted, cause: "failover" });
    metrics.note({ kind: "set-changed", at, node: "node-a", epoch: 5, inSync: ["node-a"], reason: null });
    metrics.confirmed("confirmed", 40);
    metrics.confirmed("unknown", 3_000);
    const text = await metrics.text(primaryView);
    expect(text).toContain('ha_promotions_total{cause="failover"} 1\nha_promotions_total{cause="switchover"} 0\n');
    expect(text).toContain("ha_set_changes_total 1\n");
    expect(text).toContain('ha_confirm_seconds_bucket{le="0.05",outcome="confirmed"} 1\n');
    expect(text).toContain('ha_confirm_seconds_bucket{le="2",outcome="unknown"} 0\n');
    expect(text).toContain('ha_confirm_seconds_count{outcome="unknown"} 1\n');
  });

  test("tell when this node's copy was last verified, and how that ended", async () => {
    const metrics = started();
    expect(await metrics.text(standbyView)).toContain("ha_verified_timestamp_seconds Nan\n");
    const outcome = { kind: "damaged", epoch: 4, txid: 7, reason: "it is torn" } as const;
    metrics.note({ kind: "verified", at, node: "node-b", outcome, tookMs: 4 });
    const verified = { at, sound: false, epoch: 4, txid: 7 };
    const text = await metrics.text({ ...standbyView, verified });
    expect(text).toContain(`ha_verified_timestamp_seconds ${Date.parse(at) / 1_000}\n`);
    expect(text).toContain("ha_verified_sound 0\n");
    expect(text).toContain('ha_verifications_total{outcome="sound"} 0\nha_verifications_total{outcome="damaged"} 1\n');
  });

  test("count the lag in seconds from when the standby was last seen not to be behind", async () => {
    const clock = { nowMs: 1_000 };
    const metrics = started(clock);
    expect(await metrics.text(behind(null))).toContain("ha_lag_seconds Nan\n");
    metrics.observe(behind(0));
    clock.nowMs = 3_500;
    metrics.observe(behind(4));
    const text = await metrics.text(behind(4));
    expect(text).toContain("ha_lag_seconds 2.5\n");
    expect(text).toContain("ha_lag_transactions 4\n");
  });

  test("have a reason for each refused datagram, and the memory of what runs", async () => {
    const counters = { received: 7, sent: 8, "refused:bad-signature": 2 };
    const text = await started().text({ ...primaryView, counters, pids: { ...primaryView.pids, agent: process.pid } });
    expect(text).toContain('ha_datagrams_total{direction="received"} 7\nha_datagrams_total{direction="sent"} 8\n');
    expect(text).toContain('ha_datagrams_refused_total{reason="bad-signature"} 2\n');
    expect(Number(/ha_resident_memory_bytes\{process="agent"\} (\d+)/.exec(text)?.[1])).toBeGreaterThan(1e7);
  });

  const promtool = spawnSync("promtool", ["--version"]).error === undefined;
  test.skipIf(!promtool)("please promtool", async () => {
    const metrics = started();
    metrics.confirmed("confirmed", 40);
    const counters = { received: 1, sent: 1, "refused:version": 0 };
    const input = await metrics.text({ ...behind(null), counters });
    const checked = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    expect(checked.stderr + checked.stdout).toBe("");
    expect(checked.status).toBe(0);
  });
});

const behind = (lagTxids: number | null) => ({ ...standbyView, peer: { ...peerOf(), lagTxids } });

function peerOf() {
  if (standbyView.peer === null) throw new Error("the view has a peer");
  return standbyView.peer;
}
