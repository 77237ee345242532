import { defineConfig } from "drizzle-kit";

/** Migrations of the ledger (default) or, with TRADER_DATABASE=market, of the market cache. */
const database = process.env["TRADER_DATABASE"] === "market" ? "market" : "ledger";

export default defineConfig({
  dialect: "sqlite",
  schema: `./src/db/${database}-schema.ts`,
  out: `./drizzle/${database}`,
});
