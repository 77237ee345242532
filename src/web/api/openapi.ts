import { z } from "zod";
import { sessionCookie } from "../caller.ts";
import { problemSchema } from "../problem.ts";
import type { Access, Endpoint } from "./endpoint.ts";

type JsonSchema = z.core.JSONSchema._JSONSchema;

const access: Readonly<Record<Access, string>> = {
  open: "For anyone; who may not see amounts gets shares, and null for what is an amount.",
  reader: "For who is logged in, brings a token, or sits on the machine.",
  writer: "For who is logged in or brings a token that may write; on the primary only.",
  owner: "For who is logged in, and for commands of the node itself; on the primary only.",
};

const meanings: Readonly<Record<number, string>> = {
  400: "The input is wrong; `field` says where.",
  401: "Not logged in.",
  403: "Known, and not allowed to do this.",
  404: "There is no such thing.",
  409: "It does not fit what is there.",
  411: "The request does not say how long its body is.",
  413: "More than a request may have.",
  415: "The body is not JSON.",
  503: "This node is not the primary and knows none that answers, or its lease is over.",
};

/** The OpenAPI 3.1 document of these endpoints, made of the schemas that parse and answer their requests. */
export function openApiOf(endpoints: readonly Endpoint[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of endpoints) paths[each.path] = { ...paths[each.path], [each.method]: operationOf(each) };
  return {
    openapi: "3.1.0",
    info: {
      title: "Arduino Trader",
      version,
      description: "Either node of a pair answers reads; writes are the primary's. Errors are problem JSON (RFC 9457).",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { Problem: schemaOf(problemSchema) },
      securitySchemes: {
        session: { type: "apiKey", in: "cookie", name: sessionCookie, description: "Of the form at /login." },
        token: { type: "http", scheme: "bearer", description: 'Made by "trader api-token create".' },
      },
    },
  };
}

/** The statuses with which an endpoint can answer; its own success first. */
export function statusesOf({ access: who, input, refuses, method }: Endpoint): readonly number[] {
  const { params, query, body } = input.shape;
  const taken = params || query || body ? [400] : [];
  const guarded = who === "open" ? [] : who === "reader" ? [401] : [401, 403];
  const bounded = method === "get" ? [] : [411, 413];
  return [...new Set([200, ...taken, ...guarded, ...refuses, ...bounded, ...(body ? [415] : []), 503])];
}

function operationOf(endpoint: Endpoint): Record<string, unknown> {
  const { method, path, summary, media = "application/json", input, answer } = endpoint;
  const [, ...errors] = statusesOf(endpoint);
  const { properties: parsed = {} } = z.toJSONSchema(input, { io: "output" });
  const body = z.toJSONSchema(input, { io: "input" }).properties?.["body"];
  return {
    operationId: [method, ...path.split("/").slice(2)].join("-").replaceAll(/[{}]/g, ""),
    summary,
    description: access[endpoint.access],
    security: endpoint.access === "open" ? [{}, { session: [] }, { token: [] }] : [{ session: [] }, { token: [] }],
    parameters: [...parametersOf(parsed["params"], "path"), ...parametersOf(parsed["query"], "query")],
    ...(body !== undefined && { requestBody: { required: true, content: json(body) } }),
    responses: {
      200: { description: "Done.", content: { [media]: { schema: schemaOf(answer) } } },
      ...Object.fromEntries(errors.map((status) => [status, errorOf(status)])),
    },
  };
}

const parametersOf = (schema: JsonSchema | undefined, where: "path" | "query"): readonly Record<string, unknown>[] =>
  typeof schema !== "object"
    ? []
    : Object.entries(schema.properties ?? {}).map(([name, each]) => ({
        name,
        in: where,
        required: where === "path",
        schema: each,
      }));

const errorOf = (status: number): Record<string, unknown> => ({
  description: meanings[status] ?? "It was refused.",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
});

const json = (schema: JsonSchema): Record<string, unknown> => ({ "application/json": { schema } });

function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "output" });
  return rest;
}
