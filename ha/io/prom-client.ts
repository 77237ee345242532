/**
 * The one place that loads prom-client: the four parts that are used, by `require`. Its entry point also loads
 * Node's cluster module and OpenTelemetry, and costs 20 MB where these cost 3.
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
type PromClient = typeof import("prom-client");

export const Registry: PromClient["Registry"] = require("prom-client/lib/registry");
export const Gauge: PromClient["Gauge"] = require("prom-client/lib/gauge");
export const Counter: PromClient["Counter"] = require("prom-client/lib/counter");
export const Histogram: PromClient["Histogram"] = require("prom-client/lib/histogram");
