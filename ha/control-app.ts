import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import type { AgentHistory } from "./agent-history.ts";
import { failoverChecks, switchoverChecks } from "./core/change-checks.ts";
import type { Check } from "./core/change-checks.ts";
import type { AgentView } from "./core/health.ts";
import { arbiterSchema, hostSchema, nameSchema } from "./io/node-files.ts";
import { createToken, TOKEN_VALID_MS } from "./io/tokens.ts";
import type { LeaseShell } from "./lease-shell.ts";
import { setMaintenance } from "./maintenance.ts";
import type { Membership } from "./membership.ts";
import type { Neighbours } from "./neighbours.ts";
import type { PrimaryDuty } from "./primary-duty.ts";
import { answerQuestion } from "./questions.ts";
import type { ReinitOrder } from "./reinit.ts";
import type { Verifier } from "./verifier.ts";

type ControlPorts = {
  readonly dataDir: string;
  readonly view: () => AgentView;
  readonly shell: () => LeaseShell;
  readonly primary: () => PrimaryDuty;
  /** Null when the app has not answered. */
  readonly askApp: (request: unknown, limitMs: number) => Promise<{ readonly answer: unknown } | null>;
  readonly membership: () => Membership;
  readonly neighbours: () => Neighbours;
  readonly verifier: () => Verifier;
  readonly reinit: (order: ReinitOrder) => Promise<ChangeOutcome>;
  readonly history: AgentHistory;
  readonly nowMs: () => number;
  /** Why this node could not lead; null when it could. */
  readonly canLead: () => string | null;
};

/** How a planned or forced change went. `in-progress` is never called failed. */
type ChangeOutcome = {
  readonly outcome: "dry-run" | "done" | "in-progress" | "refused" | "put-back";
  readonly checks: readonly Check[];
  readonly message: string;
};

const drainLimitMs = 5_000;
const takeOverLimitMs = 10_000;
const appLimitMs = 25_000;
const bodyBytesMax = 16 * 1024;

const switchoverBody = z.object({ dryRun: z.boolean().default(false) });
const failoverBody = z.object({ acceptDataLoss: z.boolean().default(false), dryRun: z.boolean().default(false) });
const maintenanceBody = z.object({ on: z.boolean() });
const reinitBody = z.object({
  name: nameSchema,
  acceptDataLoss: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
const tokenBody = z.object({ kind: z.enum(["node", "witness"]) });
const arbiterBody = z.object({
  arbiter: arbiterSchema,
  alone: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
const addressBody = z.object({ name: nameSchema, host: hostSchema, dryRun: z.boolean().default(false) });
const retireBody = z.object({ name: nameSchema, dryRun: z.boolean().default(false) });

/** What the owner of this machine may ask of the agent, over its unix socket. */
export function createControlApp(ports: ControlPorts): Hono {
  const app = new Hono();
  let changing = false;
  /** One change at a time: a second one would undo the first. */
  const alone = async (change: () => Promise<ChangeOutcome>): Promise<ChangeOutcome> => {
    if (changing) return { outcome: "refused", checks: [], message: "Another change is in progress on this node." };
    changing = true;
    try {
      return await change();
    } finally {
      changing = false;
    }
  };

  const small = bodyLimit({
    maxSize: bodyBytesMax,
    onError: (c) => c.json({ error: `a request has at most ${bodyBytesMax} bytes` }, 413),
  });
  app.use(small);

  app.get("/status", (c) => c.json(ports.view()));
  app.get("/history", async (c) =>
    c.json(await ports.history.read(Math.max(1, Math.min(Math.trunc(Number(c.req.query("limit"))) || 50, 1_000)))),
  );
  app.post("/switchover", async (c) => {
    const { dryRun } = switchoverBody.parse(await c.req.json());
    return c.json(await alone(() => switchover(ports, dryRun)));
  });
  app.post("/failover", async (c) => {
    const { acceptDataLoss, dryRun } = failoverBody.parse(await c.req.json());
    return c.json(await alone(() => failover(ports, acceptDataLoss, dryRun)));
  });
  app.post("/maintenance", async (c) => {
    const { on } = maintenanceBody.parse(await c.req.json());
    return c.json(await alone(() => setMaintenance(ports.shell(), on, primaryOf(ports))));
  });
  app.post("/app", async (c) => {
    const request: unknown = await c.req.json();
    const { ledgerOpen, primary, node } = ports.view();
    if (!ledgerOpen) {
      const where = primary === null || primary === node ? "no ledger is open here yet" : `${primary} leads: ask there`;
      return c.json({ outcome: "refused", message: `only the app of the primary answers; ${where}` });
    }
    const told = await ports.askApp(request, appLimitMs);
    if (told === null) return c.json({ outcome: "in-progress", message: "the app has not answered yet" });
    return c.json(told.answer);
  });
  app.get("/members", (c) => {
    const { version, arbiter } = ports.neighbours().keeper.current;
    return c.json({ version, arbiter, members: ports.neighbours().members() });
  });
  app.post("/arbiter", async (c) => {
    const { arbiter, alone: others, dryRun } = arbiterBody.parse(await c.req.json());
    const change = { kind: "arbiter", to: arbiter.kind, targets: arbiter.targets, alone: others } as const;
    return c.json(await alone(() => ports.membership().change(change, dryRun)));
  });
  app.post("/retire", async (c) => {
    const { name, dryRun } = retireBody.parse(await c.req.json());
    return c.json(await alone(() => ports.membership().change({ kind: "retire", name }, dryRun)));
  });
  app.post("/address", async (c) => {
    const { name, host, dryRun } = addressBody.parse(await c.req.json());
    return c.json(await alone(() => ports.membership().change({ kind: "address", name, host }, dryRun)));
  });
  app.post("/reinit", async (c) => {
    const order = reinitBody.parse(await c.req.json());
    return c.json(await alone(() => ports.reinit(order)));
  });
  const verification = async (about: "verify" | "verification") => {
    const answerers = { primary: ports.primary(), verifier: ports.verifier(), history: ports.history };
    const { status, body } = await answerQuestion(about, answerers);
    return Response.json(body, { status });
  };
  app.post("/verify", () => verification("verify"));
  app.get("/verify", () => verification("verification"));
  app.get("/receiver", (c) => c.json(ports.neighbours().receiver));
  app.post("/token", async (c) => {
    const { kind } = tokenBody.parse(await c.req.json());
    const refused = ports.membership().mayAdmit();
    if (refused !== null) return c.json({ error: refused }, 409);
    const nowMs = Date.now();
    const token = createToken({ dir: ports.dataDir, role: kind, nowMs });
    return c.json({ token, expiresAtMs: nowMs + TOKEN_VALID_MS });
  });
  app.onError((error, c) => {
    const wrong = error instanceof z.ZodError || error instanceof SyntaxError;
    return c.json({ error: wrong ? "This is not a request that this version understands." : error.message }, 400);
  });
  return app;
}

/** Who leads, and where it is heard, as far as this node knows. */
function primaryOf(ports: ControlPorts): { readonly name: string; readonly host: string } | null {
  const { primary } = ports.view();
  const found = ports
    .neighbours()
    .members()
    .find(({ name }) => name === primary);
  return found === undefined ? null : { name: found.name, host: found.presentHost };
}

async function switchover(ports: ControlPorts, dryRun: boolean): Promise<ChangeOutcome> {
  const shell = ports.shell();
  const checks = switchoverChecks(shell.member, ports.view().peer?.lagTxids ?? null, ports.nowMs());
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0)
    return {
      outcome: "refused",
      checks,
      message: failed.map(({ name, detail }) => `not so: ${name} (${detail})`).join("; "),
    };
  const successor = shell.member.peer;
  if (successor === null) return { outcome: "refused", checks, message: "no second node has joined" };
  if (dryRun) return { outcome: "dry-run", checks, message: `${successor} could take over now` };
  const { done, reason } = await ports.primary().handOver(successor, drainLimitMs);
  if (!done) return { outcome: "put-back", checks, message: `${reason}; this node leads on as before` };
  const taken = await shell.until((member) => member.voter.record?.holder === successor, takeOverLimitMs);
  return taken
    ? { outcome: "done", checks, message: `${successor} leads` }
    : {
        outcome: "in-progress",
        checks,
        message: `the lease was given to ${successor}, which has not yet said that it took it`,
      };
}

const helpOf = {
  witness: "is the witness running?",
  reachability: "do the targets of the network answer?",
  manual: "is the other node in its way?",
  standalone: "see the log of this node",
} as const;

async function failover(ports: ControlPorts, acceptDataLoss: boolean, dryRun: boolean): Promise<ChangeOutcome> {
  const shell = ports.shell();
  const checks = failoverChecks(shell.member, ports.canLead(), acceptDataLoss, ports.nowMs());
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0)
    return {
      outcome: "refused",
      checks,
      message: failed.map(({ name, detail }) => `not so: ${name} (${detail})`).join("; "),
    };
  if (dryRun) return { outcome: "dry-run", checks, message: `${shell.member.voter.name} could take over now` };
  shell.feed({ kind: "force", acceptDataLoss });
  const leads = await shell.until((member) => member.phase.kind === "primary", takeOverLimitMs);
  return leads
    ? { outcome: "done", checks, message: `${shell.member.voter.name} leads` }
    : {
        outcome: "in-progress",
        checks,
        message: `nobody has granted the lease yet; ${helpOf[shell.member.arbiterKind]}`,
      };
}
