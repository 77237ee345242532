import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readRoster, readSecrets, writeNodeConfig } from "../../../ha/io/node-files.ts";
import { readVotes } from "../../../ha/io/vote-file.ts";
import { verifyPassword } from "../../../src/web/admin-password.ts";

const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

const run = (args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, args, { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end();
  });

/** Runs `trader` without a terminal. */
const trader = (...args: string[]): Promise<Ended> => run([main, ...args]);

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-cli-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const init = (...more: string[]): Promise<Ended> =>
  trader("init", "--data", join(dir, "a"), "--name", "uno-a", "--host", "127.0.0.1", ...more);

test("init founds a cluster, prints both tokens and writes the first vote record; a second one is refused", async () => {
  const founded = await init("--json");
  expect(founded).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(founded.stdout)).toMatchObject({
    nodeToken: expect.stringMatching(/^at1\./),
    witnessToken: expect.stringMatching(/^at1\./),
    arbiter: "witness",
  });
  expect(await readVotes(join(dir, "a"))).toMatchObject({ epoch: 0, holder: "uno-a", sync: { inSync: ["uno-a"] } });
  const again = await init();
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/^trader: .*already set up.*\n$/);
});

test("on a terminal init asks, explains, and takes Enter for what it proposes; the password is kept as a hash only", async () => {
  const argv = [process.execPath, main, "init", "--data", join(dir, "a"), "--host", "127.0.0.1", "--preset", "fast"];
  const child = spawn("script", ["-qec", argv.join(" "), "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  let shown = "";
  child.stdout.on("data", (chunk) => {
    const before = shown;
    shown += String(chunk);
    // One answer for each question: the second kind of cluster, and the proposed name.
    for (const [question, answer] of [
      ["Number [1]: ", "4\n"],
      ["[uno-a]: ", "\n"],
    ] as const)
      if (shown.includes(question) && !before.includes(question)) child.stdin.write(answer);
  });
  const [code] = await once(child, "close");
  expect(code, shown).toBe(0);
  expect(shown).toMatch(/What do you have\?[^]*strict\. Any one of the three may die[^]*uno-a.* founds the cluster/);
  expect(readRoster(join(dir, "a")).arbiter.kind).toBe("standalone");
  const password = /shown this once: \S*?((?:[a-z0-9]{5}-){3}[a-z0-9]{5})/.exec(shown)?.[1] ?? "";
  const { adminPasswordHash = "" } = readSecrets(join(dir, "a"));
  expect(await verifyPassword(password, adminPasswordHash)).toBe(true);
});

test("the arbiter is the cluster's: the roster carries it, and only a witness gets a token of its own", async () => {
  const targets = ["192.0.2.1", "192.0.2.53"];
  const { stdout } = await init(
    "--arbiter",
    "reachability",
    ...targets.flatMap((host) => ["--target", host]),
    "--json",
  );
  expect(JSON.parse(stdout)).toMatchObject({ nodeToken: expect.stringMatching(/^at1\./), witnessToken: null });
  expect(readRoster(join(dir, "a")).arbiter).toEqual({ kind: "reachability", targets });
  expect(JSON.parse(readFileSync(join(dir, "a", "node.json"), "utf8"))).not.toHaveProperty("arbiter");
});

test("the broker's secret goes into the secrets file and is not printed", async () => {
  const { stdout } = await init("--broker-key-id", "PK1", "--broker-secret", "hush-hush");
  expect(stdout).not.toContain("hush-hush");
  expect(JSON.parse(readFileSync(join(dir, "a", "secrets.json"), "utf8"))).toMatchObject({ brokerSecret: "hush-hush" });
});

test("bad input is one line with the option and the remedy, and exit code 1", async () => {
  const cases = [
    [await init("--app-port", "99999"), /^trader: option '--app-port <port>' .*a port from 1 to 65535\.\n$/],
    [await init("--app-port", "8009"), /^trader: --app-port, --agent-port and --link-port must differ/],
    [
      await init("--arbiter", "coin"),
      /^trader: option '--arbiter <kind>' .*witness, reachability, manual, standalone\.\n$/,
    ],
    [await trader("arbiter", "reachability", "--data", dir), /^trader: reachability needs --target/],
    [await init("--target", "192.0.2.1"), /^trader: --target with witness: targets/],
    [
      await init("--arbiter", "reachability", "--target", "127.0.0.1"),
      /^trader: option '--target <host>' .*the IP address of another machine/,
    ],
    [
      await init("--host", "192.0.2.7", "--arbiter", "reachability", "--target", "192.0.2.7"),
      /^trader: --target 192\.0\.2\.7 is this board itself/,
    ],
    [await init("--target", "router.local"), /^trader: option '--target <host>' .*the IP address of another machine/],
    [await trader("display", "--token", "x".repeat(20)), /^trader: A token is sent only to addresses that you name: /],
    [await trader("display", "--from", "http://uno-a"), /^trader: --from http:\/\/uno-a: give a host or an address, /],
    [await trader("status"), /^trader: required option '--data <dir>' not specified\n$/],
    [await trader("join", "nonsense", "--data", dir, "--name", "b", "--host", "h"), /^trader: This is not a token/],
  ] as const;
  for (const [ended, line] of cases) {
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(line);
    expect(ended.stdout).toBe("");
  }
});

test("a witness's directory is not run as a node, and is asked for its status only", async () => {
  const shape = { name: "pi", cluster: "home", preset: "fast", host: "127.0.0.1" } as const;
  mkdirSync(join(dir, "home"));
  writeNodeConfig(join(dir, "home"), { kind: "witness", ...shape, ports: { agent: 8008 } });
  const run = await trader("run", "--data", dir);
  expect(run).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/belongs to a witness: run it with "trader witness/),
  });
  const status = await trader("status", "--data", dir);
  expect(status).toMatchObject({ code: 4, stdout: expect.stringMatching(/^home .*as pi .*[^]*it does not run/) });
  const switchover = await trader("switchover", "--data", dir, "--yes");
  expect(switchover).toMatchObject({ code: 4, stderr: expect.stringMatching(/Ask one of the nodes/) });
});

test("no agent there is exit code 4, and says how to start it", async () => {
  const ended = await trader("status", "--data", dir);
  expect(ended.code).toBe(4);
  expect(ended.stderr).toMatch(/^trader: No agent is running on .*trader run --data .*\n$/);
});

test("what changes who leads is refused without a terminal and without --yes, before anything is asked of an agent", async () => {
  const ended = await trader("switchover", "--data", dir);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toMatch(/--yes/);
});

test("[complaint 10] a change in progress is exit code 3 and not called failed", async () => {
  mkdirSync(join(dir, "run"));
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ outcome: "in-progress", checks: [], message: "given to uno-b" }));
  }).listen(join(dir, "run", "agent.sock"));
  await once(server, "listening");
  try {
    const ended = await trader("switchover", "--yes", "--data", dir);
    expect(ended.code).toBe(3);
    expect(ended.stdout).toMatch(/In progress: given to uno-b\nIt goes on\. Look again with "trader status"\.\n/);
    expect(ended.stdout + ended.stderr).not.toMatch(/fail/i);
  } finally {
    server.close();
  }
});

test("a payment or an order without an answer, or one that is not confirmed, can be typed again under its id; a sum that is none cannot", async () => {
  mkdirSync(join(dir, "run"));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.setEncoding("utf8").on("data", (text: string) => {
      asked.push(text);
      if (asked.length === 1) return request.socket.destroy();
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify({ outcome: "done", confirmed: asked.length > 2, message: "paid", lines: [] }));
    });
  }).listen(join(dir, "run", "agent.sock"));
  await once(server, "listening");
  try {
    const lost = await trader("cash", "deposit", "99.50", "--data", dir);
    const [, id = ""] = /Type it again with --id (\S+), and it is booked once\.\n$/.exec(lost.stderr) ?? [];
    expect([lost.code, id]).toEqual([1, expect.stringMatching(/^[\w-]{36}$/)]);
    const again = ["cash", "deposit", "99.50", "--currency", "USD", "--id", id, "--data", dir];
    expect((await trader(...again)).stdout).toContain(`  - Type it again with --id ${id}`);
    expect((await trader(...again)).stdout).toBe("Done: paid\n");
    expect(asked.map((text): unknown => JSON.parse(text))).toEqual([
      { name: "cash", id, direction: "deposit", amount: 99.5 },
      { name: "cash", id, direction: "deposit", amount: 99.5, currency: "USD" },
      { name: "cash", id, direction: "deposit", amount: 99.5, currency: "USD" },
    ]);
    expect(await trader("cash", "deposit", "-5", "--data", dir)).toMatchObject({ code: 1 });
    expect((await trader("cash", "withdraw", "1e3", "--data", dir)).stderr).toContain("Give an amount such as 500");
    expect(asked.length).toBe(3);

    asked.length = 0;
    const sell = ["order", "sell", "SAP", "10", "--override", "minimum-hold", "--data", dir];
    const unheard = await trader(...sell);
    const [, order = ""] = /Type it again with --id (\S+), and it is ordered once\.\n$/.exec(unheard.stderr) ?? [];
    expect((await trader(...sell, "--id", order)).stdout).toContain(`  - Type it again with --id ${order}`);
    const given = { name: "order", id: order, side: "sell", symbol: "SAP", qty: 10, override: ["minimum-hold"] };
    expect(asked.map((text): unknown => JSON.parse(text))).toEqual([given, given]);
  } finally {
    server.close();
  }
});

test("--help loads neither the database, nor the agent, nor the demo", async () => {
  const hooks = `import { registerHooks } from "node:module";
    registerHooks({ load(url, context, next) { process.stderr.write(url + "\\n"); return next(url, context); } });`;
  const preload = ["--import", `data:text/javascript,${encodeURIComponent(hooks)}`];
  const { code, stdout, stderr } = await run([...preload, main, "--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Exit codes: 0 done/);
  expect(stderr).toMatch(/\/commander\//);
  expect(stderr.split("\n").filter((url) => /drizzle|sqlite|\/ha\/agent|\/src\/demo\/|x509/.test(url))).toEqual([]);
});
