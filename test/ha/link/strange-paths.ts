import { ltx } from "./cluster.ts";

const good = ltx(1);
/** Targets that are no place in a replica; most try to be one elsewhere. */
export const STRANGE_PATHS = [
  "/",
  "/e/",
  "/e/x/",
  "/e/01/ltx/0/",
  "/e/-1/ltx/",
  "/e/1/ltx/10/",
  "/e/1/ltx/a/",
  "/e/1/../2/ltx/0/",
  "/e/1/ltx/0/../../../../fence.json",
  "/e/1/ltx/0/..%2f..%2ffence.json",
  "/e/1/%2e%2e/2/ltx/0/",
  "/e/1//ltx/0/",
  `//e/1/ltx/0/${good}`,
  `/e/1/ltx/0/${good}/`,
  `/e/1/ltx/0/${good}?x=1`,
  `/e/1/ltx/0/${good}%00`,
  `/e/1/ltx/0/${good.toUpperCase()}`,
  `/e/1/ltx/0/${ltx(3, 2)}`,
  `/e/1/ltx/0/${ltx(0, 2)}`,
  "/e/1/ltx/0/ffffffffffffffff-ffffffffffffffff.ltx",
  "/e/1/ltx/0/.hidden",
  "/e/1/snapshots/0/",
  "/e/9999999999999999/ltx/",
  "http://elsewhere/e/1/ltx/0/",
  "*",
];
