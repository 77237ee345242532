import { expect, test } from "vitest";
import { StandbyCopy } from "../../ha/standby-copy.ts";

const state = { kind: "peer" as const, receiving: true, diskId: "d", epoch: 4, txid: 9, gap: false, reason: "" };
const away = { ...state, receiving: false, diskId: null, epoch: null, txid: null, reason: "away" };
const well = { otherDisk: false, lacks: false };

test("a standby that comes back with what it had lacks nothing, whatever was acknowledged since it was asked", () => {
  const copy = new StandbyCopy(4, 0);
  expect(copy.hear(state, 0, 0)).toEqual(well);
  expect(copy.hear(state, 12, 100)).toEqual(well);
  expect(copy.hear(away, 12, 200)).toEqual(well);
  expect(copy.awaySinceMs).toBe(200);
  expect(copy.hear(away, 12, 300)).toEqual(well);
  expect(copy.awaySinceMs).toBe(200);
  expect(copy.hear({ ...state, txid: 12 }, 12, 400)).toEqual(well);
  expect([copy.awaySinceMs, copy.disk, copy.txid]).toEqual([null, "d", 12]);
});

test("[HA-6] a standby that comes back with less than it had acknowledged lacks it, and is no disk to rely on", () => {
  const copy = new StandbyCopy(4, 0);
  copy.hear(state, 0, 0);
  copy.hear(away, 12, 100);
  expect(copy.hear({ ...state, txid: 11 }, 12, 200)).toEqual({ otherDisk: false, lacks: true });
  expect(copy.disk).toBeNull();
  // Litestream goes on from where it was: what it adds now does not fill the gap.
  expect(copy.hear({ ...state, txid: 13 }, 13, 300)).toEqual({ otherDisk: false, lacks: true });
});

test("[HA-6] files of other epochs are nothing of this one", () => {
  const copy = new StandbyCopy(4, 0);
  copy.hear(away, 12, 100);
  copy.hear({ ...state, epoch: 3, txid: 900 }, 12, 200);
  expect(copy.txid).toBe(0);
});

test("[HA-6] a receiver that refuses what comes, for want of what came before, lacks it", () => {
  const copy = new StandbyCopy(4, 0);
  copy.hear(state, 9, 0);
  expect(copy.hear({ ...state, gap: true }, 9, 100)).toEqual({ otherDisk: false, lacks: true });
});

test("[lease-model 4] another disk is told from the one before, and one that is away keeps its own", () => {
  const copy = new StandbyCopy(4, 0);
  copy.hear(state, 9, 0);
  copy.hear(away, 9, 100);
  expect(copy.hear({ ...state, diskId: "e", epoch: null, txid: null }, 9, 200)).toEqual({
    otherDisk: true,
    lacks: true,
  });
});
