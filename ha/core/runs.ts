/** The runs of one member that were heard, by their boot ids; times are monotonic milliseconds. */
export type Runs = readonly { readonly boot: string; readonly sinceMs: number; readonly heardMs: number }[];

const runsMax = 4;
/** What was on its way when a member was restarted has come by then. */
const lateMs = 2_000;

/** The runs after one more word of one of them; those longest unheard are forgotten. */
export const heardRun = (runs: Runs, boot: string, nowMs: number): Runs => {
  const sinceMs = runs.find((run) => run.boot === boot)?.sinceMs ?? nowMs;
  return [{ boot, sinceMs, heardMs: nowMs }, ...runs.filter((run) => run.boot !== boot)].slice(0, runsMax);
};

/** Whether two machines run under one name: a run is still heard well after another one began. */
export const twoAtOnce = (runs: Runs, nowMs: number): boolean =>
  runs.some((one) =>
    runs.some((later) => {
      const both = Math.min(one.heardMs, later.heardMs) >= nowMs - lateMs;
      return both && one.sinceMs < later.sinceMs && one.heardMs > later.sinceMs + lateMs;
    }),
  );
