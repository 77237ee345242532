import { z } from "zod";
import { jobRunSchema, shownRun } from "../status.ts";
import { endpoint, nothing, type Endpoint } from "./endpoint.ts";

/** Failed attempts in the last hour from which on a job counts as unhealthy. */
const failuresMax = 5;

/** What runs when, and how it went. */
export const jobEndpoints: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/api/status/jobs",
    summary: "Every job: when it runs, how it went, how often it failed in the last hour",
    access: "open",
    refuses: [],
    input: nothing,
    answer: z.object({
      jobs: z.array(
        z.object({
          job: z.string(),
          cron: z.string(),
          next: z.string().nullable(),
          failuresInHour: z.int(),
          healthy: z.boolean(),
          lastRuns: z.array(jobRunSchema),
        }),
      ),
    }),
    handle: (_input, { open, caller }) => {
      const next = open.nextRuns();
      const { jobRuns } = open.view();
      return {
        jobs: open.reads.jobs().map(({ job, cron, failuresInHour }) => ({
          job,
          cron,
          next: next.find((each) => each.job === job)?.slot ?? null,
          failuresInHour,
          healthy: failuresInHour < failuresMax,
          lastRuns: jobRuns.filter((run) => run.job === job).map((run) => shownRun(run, caller.amounts)),
        })),
      };
    },
  }),
];
