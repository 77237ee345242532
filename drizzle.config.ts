import { defineConfig } from "drizzle-kit";

/** Migrations of the ledger (default) or, with TRADER_DATABASE=market, of the market cache. */
const database = process.env["TRADER_DATABASE"] === "market" ? "market" : "ledger";
const schemas = database === "market" ? ["market"] : ["ledger", "paper"];

export default defineConfig({
  dialect: "sqlite",
  schema: schemas.map((name) => `./src/db/${name}-schema.ts`),
  out: `./drizzle/${database}`,
});
