import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";
import { z } from "zod";
import { freePort } from "../support/free-port.ts";
import { eventually, getJson, runs, statusOf } from "./demo-process.ts";
import { killQuietly } from "./pair.ts";

const LIMIT_MS = 60_000;
const TEST_LIMIT_MS = 180_000;
const traderMain = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "members-"));
const running: ChildProcess[] = [];

const pid = z.int().nullable();
const healthSchema = z.looseObject({
  role: z.string(),
  epoch: z.int(),
  inSync: z.array(z.string()),
  reasons: z.array(z.string()),
  pids: z.object({ agent: pid, link: pid, app: pid, litestream: pid }),
});
type Health = z.infer<typeof healthSchema>;

/** One board: a data directory and its ports. */
type Board = {
  readonly name: string;
  readonly dir: string;
  readonly app: number;
  readonly agent: number;
  readonly link: number;
};

async function board(name: string, folder = name): Promise<Board> {
  return { name, dir: join(root, folder), app: await freePort(), agent: await freePort(), link: await freePort() };
}
const place = ({ name, dir, app, agent, link }: Board): string[] => [
  "--data",
  dir,
  "--name",
  name,
  "--host",
  "127.0.0.1",
  `--app-port=${app}`,
  `--agent-port=${agent}`,
  `--link-port=${link}`,
];

async function trader(...args: readonly string[]): Promise<{ code: number; text: string }> {
  const child = spawn(process.execPath, [traderMain, ...args], { stdio: ["ignore", "pipe", "pipe"], timeout: 40_000 });
  let text = "";
  child.stdout.on("data", (chunk) => (text += String(chunk)));
  child.stderr.on("data", (chunk) => (text += String(chunk)));
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : -1, text };
}

/** Runs a command that must be done. */
async function done(...args: readonly string[]): Promise<string> {
  const { code, text } = await trader(...args);
  expect(code, `trader ${args.join(" ")}: ${text}`).toBe(0);
  return text;
}

const tokenIn = (text: string): string => /at1\.[\w-]+/.exec(text)?.[0] ?? "";

function start(log: string, ...args: readonly string[]): ChildProcess {
  const file = openSync(join(root, `${log}.log`), "a");
  const argv = ["--pdeathsig", "KILL", "--", process.execPath, traderMain, ...args];
  const child = spawn("setpriv", argv, { stdio: ["ignore", file, file] });
  closeSync(file);
  running.push(child);
  return child;
}
const run = (at: Board): ChildProcess => start(at.dir.slice(root.length + 1), "run", "--data", at.dir);

const health = (at: Board): Promise<Health> => getJson(at.agent, "/health", healthSchema);
const answers = (at: Board, path: string, status = 200): Promise<void> =>
  eventually(
    `${at.name} answers ${status} on ${path}`,
    LIMIT_MS,
    async () => (await statusOf(at.agent, path)) === status,
  );

async function killWhole(at: Board): Promise<void> {
  const pids = Object.values((await health(at)).pids).filter((each) => each !== null);
  for (const each of pids) killQuietly(each);
  await eventually(`${at.name} is dead`, 10_000, () => pids.every((each) => !runs(each)));
}

/** The joiner may come a moment before the link of the one that admits it. */
async function joins(...args: readonly string[]): Promise<void> {
  await eventually(`trader ${args[0] ?? ""}`, LIMIT_MS, async () => {
    const { code, text } = await trader(...args);
    if (code !== 0 && !/ECONNREFUSED/.test(text)) throw new Error(text);
    return code === 0;
  });
}

afterAll(async () => {
  for (const child of running.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  rmSync(root, { recursive: true, force: true });
});
afterEach(({ task }) => {
  if (task.result?.state !== "fail") return;
  for (const file of readdirSync(root).filter((name) => name.endsWith(".log")))
    console.log(
      `== ${file}\n${readFileSync(join(root, file), "utf8").split("\n").slice(-25).join("\n").slice(-6_000)}`,
    );
});

let a: Board;
let b: Board;
let witnessPort: number;
const witnessDir = join(root, "witness");

test(
  "one board grows to two, and to a witness, by commands; its agent and epoch stay, and then the other takes over",
  async () => {
    [a, b, witnessPort] = [await board("uno-a"), await board("uno-b"), await freePort()];
    await done("init", ...place(a), "--arbiter", "standalone", "--preset", "fast", "--cluster", "home");
    run(a);
    await answers(a, "/primary");
    const before = await health(a);
    expect((await trader("arbiter", "manual", "--data", a.dir, "--yes")).text).toMatch(
      /no {2}a second node has joined/,
    );

    await joins("join", tokenIn(await done("token", "--kind", "node", "--data", a.dir)), ...place(b), "--no-copy");
    run(b);
    await answers(b, "/health/ready");
    await eventually("uno-b is heard", LIMIT_MS, async () =>
      /uno-b .*heard/.test(await done("members", "--data", a.dir)),
    );
    expect((await health(a)).inSync).toEqual(["uno-a"]);
    expect((await trader("token", "--data", b.dir)).text).toMatch(/this node leads \(it is standby; ask uno-a\)/);

    expect(await done("arbiter", "manual", "--data", a.dir, "--yes")).toMatch(
      /the third vote: manual\. uno-b knows it/,
    );
    await answers(b, "/standby");

    const token = tokenIn(await done("token", "--kind", "witness", "--data", a.dir));
    const at = ["--data", witnessDir, "--name", "w", "--host", "127.0.0.1", "--port", `${witnessPort}`];
    start("witness", "witness", "--join", token, ...at);
    await eventually("the witness grants", LIMIT_MS, async () => {
      return (await trader("arbiter", "witness", "--data", a.dir, "--dry-run")).code === 0;
    });
    expect(await done("arbiter", "witness", "--data", a.dir, "--yes")).toMatch(/the third vote: witness/);
    await answers(a, "/cluster");
    const after = await health(a);
    expect([after.role, after.epoch, after.pids.agent]).toEqual(["primary", before.epoch, before.pids.agent]);

    await killWhole(a);
    await answers(b, "/primary");
  },
  TEST_LIMIT_MS,
);

test(
  "a dead board is retired and replaced under its own name, by the one that is left; the old one says why it is none any more",
  async () => {
    const { code, text } = await trader("retire", "uno-b", "--data", b.dir, "--yes");
    expect([code, text]).toEqual([2, expect.stringMatching(/no {2}it is not this node/)]);
    await eventually("uno-a is retired", LIMIT_MS, async () => {
      return (await trader("retire", "uno-a", "--data", b.dir, "--yes")).code === 0;
    });
    const fresh = await board("uno-a", "uno-a-new");
    await joins("join", tokenIn(await done("token", "--kind", "node", "--data", b.dir)), ...place(fresh), "--no-copy");
    run(fresh);
    await answers(b, "/cluster");
    expect((await health(b)).role).toBe("primary");

    run(a);
    await eventually("the old board says so", LIMIT_MS, async () => {
      const reasons = (await health(a).catch(() => null))?.reasons ?? [];
      return reasons.some((reason) => reason.startsWith("another board has the name uno-a now"));
    });
    await answers(b, "/cluster");
    expect(await done("status", "--data", witnessDir)).toMatch(/home .*as w .*votes[^]*led by uno-b/);
    await killWhole(a);
  },
  TEST_LIMIT_MS,
);

test(
  "the witness votes for a second cluster too, in the same process",
  async () => {
    const barn = await board("barn-a");
    const founded = await done("init", ...place(barn), "--preset", "fast", "--cluster", "barn", "--json");
    run(barn);
    await answers(barn, "/health/live");
    const { witnessToken } = z.object({ witnessToken: z.string() }).parse(JSON.parse(founded));
    const at = ["--data", witnessDir, "--name", "w", "--host", "127.0.0.1", "--port", `${witnessPort}`];
    await joins("witness", "--join", witnessToken, ...at);
    await answers(barn, "/primary");
    const shown = await done("status", "--data", witnessDir);
    expect(shown).toMatch(/barn .*as w .*votes[^]*led by barn-a[^]*barn-a \(node\): heard[^]*home .*as w .*votes/);
    expect((await trader("witness", "--join", witnessToken, ...at.slice(0, -1), "9")).text).toMatch(/add --port/);
    await answers(b, "/cluster");
  },
  TEST_LIMIT_MS,
);

test(
  "back to one board: nothing is restarted, and the other keeps a copy and never leads",
  async () => {
    const before = await health(b);
    expect(await done("arbiter", "standalone", "--data", b.dir, "--yes")).toMatch(/the third vote: standalone/);
    const after = await health(b);
    expect([after.role, after.epoch, after.pids.agent]).toEqual(["primary", before.epoch, before.pids.agent]);
    expect(after.inSync).toEqual(["uno-b"]);
    expect(await done("retire", "uno-a", "--data", b.dir, "--yes")).toMatch(/uno-a retired/);
    expect(await done("retire", "w", "--data", b.dir, "--yes")).toMatch(/w retired/);
    expect(await done("members", "--data", b.dir)).toMatch(/^uno-b .*this node\n\nThird vote: standalone/);
    await eventually("the witness says so", LIMIT_MS, async () =>
      /w was retired from the cluster/.test((await trader("status", "--data", witnessDir)).text),
    );
    await answers(b, "/primary");
  },
  TEST_LIMIT_MS,
);
