import { afterAll, expect, test } from "vitest";
import type { LtxTarget, PutOutcome } from "../../../ha/link/replica-store.ts";
import { ReplicaStore } from "../../../ha/link/replica-store.ts";
import { ask, foundCluster, ltx, Scratch, startReceiver } from "./cluster.ts";

const scratch = new Scratch();
afterAll(() => scratch.end());

/** Takes the first piece of every upload; then its disk is full. */
class FullStore extends ReplicaStore {
  override async put(_target: LtxTarget, _sender: string, body: AsyncIterable<Buffer>): Promise<PutOutcome> {
    for await (const _piece of body) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
    throw new Error("an upload without a body");
  }
}

test.each([10, 300_000])("a disk that is full within an upload of %i bytes is answered 507, at once", async (bytes) => {
  const cluster = await foundCluster(scratch);
  const store = new FullStore(scratch.folder());
  const at = await startReceiver(scratch, await cluster.member("node-b"), { store });
  await store.promise({ epoch: 5, holder: "node-a" });
  const reply = await ask(at, cluster.a, cluster.ca.certificatePem, "PUT", `/e/5/ltx/0/${ltx(1)}`, "x".repeat(bytes));
  expect(reply.status).toBe(507);
  expect(at.received).toEqual([]);
});
