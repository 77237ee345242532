import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSecrets } from "../../ha/io/node-files.ts";
import { formatToken, parseToken } from "../../ha/io/tokens.ts";
import type { Token } from "../../ha/io/tokens.ts";
import { verifyPassword } from "../../src/web/admin-password.ts";
import { typedBy } from "../repository/documented-commands.ts";
import { commandsOf } from "../support/documents.ts";
import { eventually } from "./demo-process.ts";
import { mountSmallDisk, smallDiskMissing, unmount } from "./half-disk.ts";
import { attempts } from "./pair-checks.ts";
import { Homes } from "./net-home.ts";
import { netMissing } from "./net-namespaces.ts";
import { exchangeAt } from "./net-setting.ts";

const missing = netMissing() ?? smallDiskMissing();
const root = fileURLToPath(new URL("../..", import.meta.url));
const LIMIT_MS = 60_000;
const machineOf: Readonly<Record<string, string>> = {
  "the first board": "uno-a",
  "the second board": "uno-b",
  "a third device (a Pi": "witness",
};
const brokerSecret = "planted-broker-secret";
const founding = commandsOf("README.md").filter(
  ({ section, machine }) => section === "Two boards of your own" && machineOf[machine] !== undefined,
);
const addresses = { gateway: "192.168.1.1", "uno-a": "192.168.1.10", "uno-b": "192.168.1.11", witness: "192.168.1.12" };

const joining = (token: string | Token, ...more: readonly string[]): string =>
  ["npx trader join", typeof token === "string" ? token : formatToken(token), "--data ~/trader", ...more].join(" ");

describe.skipIf(missing !== null)(`the first hour (${missing ?? "namespaces"})`, () => {
  let homes: Homes;
  let password = "";
  const tokens: string[] = [];

  beforeAll(async () => {
    const exchange = exchangeAt("192.168.1.1", "/nowhere");
    homes = await Homes.make(
      { ...addresses, "uno-c": "192.168.1.13" },
      { TRADER_BROKER_KEY_ID: "planted-key", TRADER_BROKER_SECRET: brokerSecret, TRADER_EXCHANGE_URL: exchange.url },
    );
    const { start } = exchangeAt("192.168.1.1", join(homes.home("gateway"), "exchange"));
    homes.start("gateway", start.join(" "));
  });
  afterAll(() => homes?.stop());

  test("from empty directories to a protected, trading pair in under three minutes by the README's commands alone", async () => {
    const steps: string[] = [];
    const startedMs = performance.now();
    try {
      for (const { machine, text } of founding) {
        const beganMs = performance.now();
        const name = machineOf[machine] ?? "";
        if (/trader (run|witness)/.test(text)) {
          homes.start(name, text);
          if (text.includes("run")) await homes.answers(name, "/health/live", LIMIT_MS);
        } else {
          await eventually(text, LIMIT_MS, async () => {
            const { code, text: said } = await homes.type(name, text);
            for (const [token] of said.matchAll(/at1\.[\w-]+/g)) tokens.push(token, parseToken(token)?.secret ?? "");
            password ||= /shown this once: (\S+)/.exec(said)?.[1] ?? "";
            return code === 0;
          });
        }
        steps.push(`${((performance.now() - beganMs) / 1_000).toFixed(1)} s  ${name}$ ${text}`);
      }
      await homes.answers("uno-a", "/cluster", LIMIT_MS);
      await homes.answers("uno-b", "/standby", LIMIT_MS);
    } catch (error) {
      console.log(homes.logTails());
      throw error;
    }
    const tookS = (performance.now() - startedMs) / 1_000;
    console.log([...steps, `${tookS.toFixed(1)} s  in all, to a protected pair`].join("\n"));
    expect(tookS).toBeLessThan(180);
  }, 180_000);

  test("orders reach the exchange, and nothing but secrets.json holds a key, a token or the password", async () => {
    await eventually("an order", LIMIT_MS, async () => {
      const { text } = await homes.inside("gateway").ask("GET", "http://192.168.1.1:8100/journal");
      return attempts.parse(JSON.parse(text)).some(({ outcome }) => outcome === "accepted");
    });
    const secrets = [brokerSecret, "planted-key", password, ...tokens];
    expect(secrets).toHaveLength(7);
    expect(secrets.every((secret) => secret.length > 8)).toBe(true);
    const holding = filesBelow(homes.folder).filter((file) => {
      const bytes = readFileSync(file);
      return secrets.some((secret) => bytes.includes(secret));
    });
    expect(holding.map((file) => file.slice(homes.folder.length)).toSorted()).toEqual([
      "/uno-a/trader/secrets.json",
      "/uno-b/trader/secrets.json",
    ]);
    expect(holding.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    const { adminPasswordHash = "" } = readSecrets(join(homes.home("uno-b"), "trader"));
    expect(await verifyPassword(password, adminPasswordHash)).toBe(true);
  });

  /** What a newcomer at a further machine is told, who types this. */
  async function told(machine: string, line: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { code, text } = await homes.type(machine, line, env);
    const sentence = text.split("\n").findLast((each) => each !== "") ?? "";
    console.log(sentence);
    expect(code).toBe(1);
    return sentence;
  }
  const fresh = async (): Promise<Token> => {
    await homes.type("uno-a", "npx trader token --data ~/trader --kind node");
    const token = parseToken(homes.token("node"));
    if (token === null) throw new Error("no token");
    return token;
  };

  test("a token that is none, is cut off, is unknown, used or expired: each its own sentence, and the remedy", async () => {
    const used = homes.token("node");
    expect(await told("uno-c", joining("nonsense"))).toBe("trader: This is not a token: copy it again, all of it.");
    expect(await told("uno-c", joining(used.slice(0, -30)))).toMatch(/This is not a token: copy it again, all of it\./);
    expect(await told("uno-c", joining(used))).toMatch(
      /This token was already used by uno-b\. Make one for each member: trader token\.$/,
    );
    const token = await fresh();
    expect(await told("uno-c", joining({ ...token, secret: "A".repeat(43) }))).toMatch(
      /not known here: it is mistyped or void\. Make a new one there: trader token\.$/,
    );
    expect(await told("witness", `npx trader witness --join ${formatToken(token)} --data ~/other --port 9008`)).toMatch(
      /This token is for a node, not for a witness: trader join TOKEN\.$/,
    );
    const known = join(homes.home("uno-a"), "trader", "tokens.json");
    writeFileSync(known, readFileSync(known, "utf8").replaceAll(/"expiresAtMs": \d+/g, '"expiresAtMs": 1'));
    expect(await told("uno-c", joining(token))).toMatch(
      /This token has expired\. Make a new one there: trader token\.$/,
    );
  });

  test("a name that is taken, a pair that is complete, a port that is taken, a disk that is too small", async () => {
    const token = await fresh();
    expect(await told("uno-c", joining(token, "--name uno-a"))).toMatch(
      /already has a member named uno-a\. Choose another name, or retire the old one first: trader retire uno-a\.$/,
    );
    expect(await told("uno-c", joining(token, "--name uno-c"))).toMatch(
      /already has its two nodes: uno-a and uno-b\. Retire one first: trader retire NAME\.$/,
    );
    expect(await told("uno-b", joining(token).replace("~/trader", "~/other"))).toMatch(
      /Port 8000 \(app\), 8008 \(agent\), 8008 \(agent \(UDP\)\), 8009 \(link\) is held by another program\. See who holds it: ss -lntup\. End it, or give others: --app-port, --agent-port, --link-port\.$/,
    );
    const small = join(homes.home("uno-c"), "small");
    mkdirSync(small);
    expect(mountSmallDisk(small, 4)).toBe(true);
    try {
      expect(await told("uno-c", joining(token).replace("~/trader", "~/small/data"))).toMatch(
        /small\/data has 4\.2 MB free, and 100\.0 MB are needed\. Make room, or give a folder on a larger disk: --data DIR\.$/,
      );
    } finally {
      unmount(small);
    }
  });

  test("a clock that is an hour behind, and another version: said before the token is used up", async () => {
    const token = await fresh();
    const preload = fileURLToPath(new URL("./preload/clock-an-hour-behind.js", import.meta.url));
    expect(await told("uno-c", joining(token), { NODE_OPTIONS: `--import ${preload}` })).toMatch(
      /The clock of this machine is 60 min behind that of uno-a\. Set the wrong one right, on both: timedatectl set-ntp true\.$/,
    );
    const other = join(homes.folder, "other-version");
    mkdirSync(other);
    for (const part of ["src", "ha", "drizzle"]) cpSync(join(root, part), join(other, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(other, "node_modules"));
    const manifest = readFileSync(join(root, "package.json"), "utf8");
    writeFileSync(join(other, "package.json"), manifest.replace(/"version": "[^"]+"/, '"version": "9.9.9"'));
    const launch = `${process.execPath} ${join(other, "src/cli/trader.js")}`;
    expect(await told("uno-c", joining(token).replace("npx trader", launch))).toMatch(
      /uno-a runs 0\.1\.0, this machine 9\.9\.9\. Bring both to the same version, then try again\.$/,
    );
  });

  test("a founder that has moved is found by mDNS; without multicast its address is asked for, and taken", async () => {
    const token = await fresh();
    const moved: Token = { ...token, addresses: [{ host: "192.168.1.99", port: 8009 }] };
    const full = /The cluster already has its two nodes/;
    expect(await told("uno-c", joining(moved, "--name uno-c"))).toMatch(full);
    homes.net.filter("uno-c", "-I", "INPUT", "-p", "udp", "--dport", "5353", "-j", "DROP");
    expect(await told("uno-c", joining(moved))).toMatch(
      /uno-a, which made the token, was not found\. 192\.168\.1\.99:8009 (cannot be reached from here|gives no answer).* mDNS says nothing of it either.* give it: --at ADDRESS\.$/,
    );
    expect(await told("uno-c", joining(moved, "--at 192.168.1.1"))).toMatch(
      /192\.168\.1\.1:8009 refuses \(ECONNREFUSED\): nothing runs there; on uno-a, start it: trader run/,
    );
    expect(await told("uno-c", joining(moved, "--name uno-c --at 192.168.1.10"))).toMatch(full);
    homes.net.heal();
  });

  test("a firewall that drops packets is named after a time limit", async () => {
    const token = await fresh();
    homes.net.filter("uno-a", "-I", "INPUT", "-p", "tcp", "--dport", "8009", "-j", "DROP");
    expect(await told("uno-c", joining(token))).toMatch(
      /192\.168\.1\.10:8009 gives no answer: it is off, or a firewall drops packets \(on uno-a, allow TCP 8009/,
    );
    homes.net.heal();
  });

  test("every command that the README leaves to this suite was typed", () => {
    expect(typedBy("test/e2e/first-hour.hard.test.ts").filter((text) => !homes.typed.includes(text))).toEqual([]);
  });
});

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
