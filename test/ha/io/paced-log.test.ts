import { pino } from "pino";
import { expect, test } from "vitest";
import { PacedLog } from "../../../ha/io/paced-log.ts";

test("ten lines a minute are said, whoever causes them; what was left out is counted with the next one", () => {
  const lines: { msg: string; n: number; unsaid?: number }[] = [];
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  let nowMs = 5;
  const paced = new PacedLog(log, () => nowMs);
  for (let n = 1; n <= 1_000; n += 1) paced.say("warn", { n }, "refused");
  expect(lines.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  nowMs += 60_000;
  paced.say("error", { n: 1_001 }, "refused");
  expect(lines.at(-1)).toMatchObject({ n: 1_001, unsaid: 990, msg: "refused" });
  paced.say("error", { n: 1_002 }, "refused");
  expect(lines.at(-1)?.unsaid).toBeUndefined();
});
