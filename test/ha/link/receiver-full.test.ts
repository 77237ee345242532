import { afterAll, expect, test } from "vitest";
import type { LtxTarget, PutOutcome } from "../../../ha/link/replica-store.ts";
import { ReplicaStore } from "../../../ha/link/replica-store.ts";
import { ask, foundCluster, ltx, Scratch, startReceiver } from "./cluster.ts";

const scratch = new Scratch();
afterAll(() => scratch.end());

/** Its disk is full after so many bytes of every upload. */
class FullStore extends ReplicaStore {
  roomBytes = 0;

  override async put(_target: LtxTarget, _sender: string, body: AsyncIterable<Buffer>): Promise<PutOutcome> {
    let seenBytes = 0;
    const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
    for await (const piece of body) if ((seenBytes += piece.length) > this.roomBytes) throw full;
    throw full;
  }
}

test.each([
  [10, 0],
  [10, 10],
  [300_000, 0],
  [300_000, 300_000],
])("a disk that is full within an upload of %i bytes, after %i, is answered 507", async (bytes, roomBytes) => {
  const cluster = await foundCluster(scratch);
  const store = new FullStore(scratch.folder());
  const at = await startReceiver(scratch, await cluster.member("node-b"), { store });
  store.roomBytes = roomBytes;
  await store.promise({ epoch: 5, holder: "node-a" });
  const reply = await ask(at, cluster.a, cluster.ca.certificatePem, "PUT", `/e/5/ltx/0/${ltx(1)}`, "x".repeat(bytes));
  expect(reply.status).toBe(507);
  expect(at.received).toEqual([]);
});
