import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { film } from "./film.ts";
import { textOf, thinned } from "./frames.ts";
import { screen, tape } from "./tape.ts";

/** `npm run recording`: makes the README's picture anew, from the demo as it is. */

const target = fileURLToPath(new URL("../../src/demo/takeover.svg", import.meta.url));
const beforeMs = 2_500;
const everyMs = 250;

const frames = await tape();
const dies = frames.findIndex(({ lines }) => lines.some((line) => textOf(line).includes("● dead")));
const startMs = (frames[dies]?.atMs ?? 0) - beforeMs;
const shown = thinned(
  frames.filter(({ atMs }) => atMs >= startMs).map(({ atMs, lines }) => ({ atMs: atMs - startMs, lines })),
  everyMs,
);
writeFileSync(target, film(shown, screen.columns, screen.rows));
process.stdout.write(`${shown.length} pictures in ${target}\n`);
