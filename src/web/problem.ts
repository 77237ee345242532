import { STATUS_CODES } from "node:http";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";

/** What every error of the API answers: RFC 9457, with the name of the field and what to do where there is one. */
export const problemSchema = z.looseObject({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  /** What is wrong here, in a sentence. */
  detail: z.string(),
  field: z.string().optional(),
  remedy: z.string().optional(),
});

export type Problem = {
  readonly status: ContentfulStatusCode;
  readonly detail: string;
  readonly field?: string;
  readonly remedy?: string;
};

/** Answers with a problem; `more` are members beyond the standard's. */
export function problemAnswer(c: Context, problem: Problem, more: Readonly<Record<string, unknown>> = {}): Response {
  const title = STATUS_CODES[problem.status] ?? "Problem";
  const body = { type: "about:blank", title, ...problem, ...more } satisfies z.input<typeof problemSchema>;
  return c.json(body, problem.status, { "content-type": "application/problem+json" });
}

/** The first thing that is wrong with an input, as a problem of the client; `skip` steps of its path say nothing to it. */
export function inputProblem(error: z.ZodError, remedy: string, skip: number): Problem {
  const issue = error.issues[0];
  const field = issue?.path.slice(skip).map(String).join(".") ?? "";
  const detail = issue?.message ?? "The input is wrong.";
  return { status: 400, detail, ...(field !== "" && { field }), remedy };
}
