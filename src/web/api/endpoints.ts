import type { Endpoint } from "./endpoint.ts";
import { jobEndpoints } from "./job-endpoints.ts";
import { moneyEndpoints } from "./money-endpoints.ts";
import { ownerOrderEndpoints } from "./owner-order-endpoints.ts";
import { portfolioEndpoints } from "./portfolio-endpoints.ts";
import { settingEndpoints } from "./setting-endpoints.ts";
import { statusEndpoints } from "./status-endpoints.ts";
import { stockEndpoints } from "./stock-endpoints.ts";
import { tokenEndpoints } from "./token-endpoints.ts";
import { tradingEndpoints } from "./trading-endpoints.ts";

/** Every operation of the API, in the order of its document. */
export const endpoints: readonly Endpoint[] = [
  ...statusEndpoints,
  ...jobEndpoints,
  ...tradingEndpoints,
  ...ownerOrderEndpoints,
  ...portfolioEndpoints,
  ...moneyEndpoints,
  ...stockEndpoints,
  ...settingEndpoints,
  ...tokenEndpoints,
];
