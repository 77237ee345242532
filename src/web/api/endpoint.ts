import { z } from "zod";
import type { Caller } from "../caller.ts";
import type { Desk, OpenLedger } from "../desk.ts";
import { inputProblem, type Problem } from "../problem.ts";

/**
 * Whom an endpoint answers: anyone (who may not see amounts gets shares), whoever may see amounts, whoever may change
 * things, or the owner alone (logged in, or a command of this node).
 */
export type Access = "open" | "reader" | "writer" | "owner";

/** What a handler is handed besides the parsed input. */
type Context = { readonly desk: Desk; readonly open: OpenLedger; readonly caller: Caller };
type Answered = { readonly kind: "answer"; readonly body: unknown };
type Refused = { readonly kind: "problem"; readonly problem: Problem };

/** What a request brings; an endpoint's input has those of the three parts that it uses. */
type RawInput = { readonly params: unknown; readonly query: unknown; readonly body: unknown };

/** One operation of the API: mounted, guarded and documented from this one description. */
export type Endpoint = {
  readonly method: "get" | "put" | "post" | "delete";
  /** As OpenAPI writes it: "/api/stocks/{symbol}". */
  readonly path: `/api/${string}`;
  readonly summary: string;
  readonly access: Access;
  /** Statuses, besides those that follow from access and input, with which a handler refuses. */
  readonly refuses: readonly (404 | 409)[];
  /** What the answer is where it is not JSON: text. */
  readonly media?: "text/csv";
  readonly input: z.ZodObject;
  readonly answer: z.ZodType;
  run(raw: RawInput, context: Context): Promise<Answered | Refused>;
};

type Described<I extends z.ZodObject, A extends z.ZodType> = Pick<
  Endpoint,
  "method" | "path" | "summary" | "access" | "refuses" | "media"
> & {
  readonly input: I;
  readonly answer: A;
  /** The answer's body, or why there is none. */
  handle(input: z.output<I>, context: Context): z.input<A> | Refused | Promise<z.input<A> | Refused>;
};

/** The input of an operation that takes none. */
export const nothing = z.object({});

/** Says no with a problem. */
export const refuse = (problem: Problem): Refused => ({ kind: "problem", problem });

/** Makes an endpoint of its description: `handle` runs on input that was parsed by the description's own schema. */
export const endpoint = <I extends z.ZodObject, A extends z.ZodType>(described: Described<I, A>): Endpoint => ({
  ...described,
  async run(raw, context) {
    const parsed = described.input.safeParse(raw);
    // The first step of a path says which part of the request it is in.
    if (!parsed.success) return refuse(inputProblem(parsed.error, `See ${described.path} in /api/openapi.json.`, 1));
    const result = await described.handle(parsed.data, context);
    return isRefused(result) ? result : { kind: "answer", body: result };
  },
});

const isRefused = (result: unknown): result is Refused =>
  typeof result === "object" && result !== null && "kind" in result && result.kind === "problem";
