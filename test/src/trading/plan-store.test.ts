import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLedger } from "../../../src/db/ledger.ts";
import { ledgerPlanStore } from "../../../src/trading/ledger-plan-store.ts";
import { planStoreContract } from "../../contract/plan-store-contract.ts";
import { memoryPlanStore } from "./memory-plan-store.ts";

planStoreContract("the ledger", () => {
  const folder = mkdtempSync(join(tmpdir(), "trader-plans-"));
  const ledger = openLedger(join(folder, "ledger.db"), 200);
  return {
    store: ledgerPlanStore(ledger, "b"),
    close: () => {
      ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

planStoreContract("memory", () => ({ store: memoryPlanStore(), close: () => undefined }));
