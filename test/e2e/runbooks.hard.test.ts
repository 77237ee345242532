import { renameSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { readWitnessConfig } from "../../ha/io/node-files.ts";
import { typedBy } from "../repository/documented-commands.ts";
import { commandsOf } from "../support/documents.ts";
import { eventually } from "./demo-process.ts";
import { Homes } from "./net-home.ts";
import { netMissing } from "./net-namespaces.ts";

const missing = netMissing();
const LIMIT_MS = 60_000;
const before = { "uno-a": "192.168.1.10", "uno-b": "192.168.1.11", witness: "192.168.1.12" };
const after = { "uno-a": "10.0.0.10", "uno-b": "10.0.0.11", witness: "10.0.0.12" };
/** Further boards and devices, where the pair is after it has moved. */
const more = { "board-c": "10.0.0.13", "board-d": "10.0.0.14", "device-e": "10.0.0.15" };
const probes = z.array(z.object({ value: z.string() }));

const runbook = (section: string) => ({ document: "ha/runbooks.md", section });

describe.skipIf(missing !== null)(`runbooks, typed as they stand (${missing ?? "namespaces"})`, () => {
  let homes: Homes;
  const written: string[] = [];
  /** The machines that are the two boards now. */
  let boards: readonly string[] = ["uno-a", "uno-b"];

  beforeAll(async () => {
    homes = await Homes.make({ ...before, ...more });
    await done("uno-a", "npx trader init --data ~/trader --arbiter standalone --preset fast");
    homes.start("uno-a", "npx trader run --data ~/trader");
    await homes.answers("uno-a", "/primary", LIMIT_MS);
    await confirmed("uno-a", "before everything");
  });
  afterAll(() => homes?.stop());

  /** The one of the two boards that answers 200 on this path. */
  async function board(path: string): Promise<string> {
    let found = "";
    await eventually(`a board answers 200 on ${path}`, LIMIT_MS, async () => {
      for (const name of boards) if ((await homes.status(name, path)) === 200) found = name;
      return found !== "";
    });
    return found;
  }
  const healed = async (): Promise<void> => {
    await board("/cluster");
    await board("/standby");
  };

  async function done(name: string, line: string, reply?: string): Promise<void> {
    // A check that refuses names what it waits for: it is typed again when that is so.
    await eventually(`${name}$ ${line}`, LIMIT_MS, async () => {
      const { code, text } = await homes.type(name, line, {}, reply);
      if (code !== 0) console.log(`${name}$ ${line}: ${text.trim().split("\n").at(-1) ?? ""}`);
      if (![0, 1, 2].includes(code)) throw new Error(`${name}$ ${line} ended with ${code}: ${text}`);
      return code === 0;
    });
  }

  async function confirmed(name: string, value: string): Promise<void> {
    await eventually(`${value} is confirmed`, LIMIT_MS, async () => {
      const url = "http://127.0.0.1:8000/api/probe";
      return (await homes.inside(name).ask("POST", url, { value }, 12_000)).status === 200;
    });
    written.push(value);
  }

  async function holds(name: string): Promise<readonly string[]> {
    const { text } = await homes.inside(name).ask("GET", "http://127.0.0.1:8000/api/probe");
    return probes.parse(JSON.parse(text)).map(({ value }) => value);
  }

  /** Types the commands of a document that are for these machines, each on the one that its comment names. */
  async function follow(
    { document, section }: { readonly document: string; readonly section: string },
    machines: Readonly<Record<string, string | (() => Promise<string>)>>,
    reply: (line: string) => string | undefined = () => undefined,
  ): Promise<void> {
    const all = commandsOf(document).filter((each) => each.section === section);
    const commands = all.filter(({ machine }) => machines[machine] !== undefined);
    expect(commands).not.toEqual([]);
    for (const { machine, text } of commands) {
      const at = machines[machine] ?? "";
      const name = typeof at === "string" ? at : await at();
      const goesOn = /^npx trader (run|witness) /.test(text);
      if (goesOn) homes.start(name, text);
      else await done(name, text, reply(text));
      if (text.startsWith("npx trader run")) await homes.answers(name, "/health/live", LIMIT_MS);
    }
  }
  const leads = { "the board that leads": () => board("/primary") };

  const timed = async (what: string, steps: () => Promise<void>): Promise<void> => {
    const beganMs = performance.now();
    try {
      await steps();
    } catch (error) {
      console.log(homes.logTails(15));
      throw error;
    }
    console.log(`${what}: ${((performance.now() - beganMs) / 1_000).toFixed(1)} s`);
  };

  test("one board becomes two, and gets a witness", () =>
    timed("two boards and a witness", async () => {
      const machines = { "the first board": "uno-a", "the second board": "uno-b", "a third device": "witness" };
      await follow(runbook("One board becomes two, and gets a witness"), machines);
      await healed();
      await confirmed("uno-a", "with two boards");
    }));

  test("a board is taken out for a day: nobody takes over, nothing is lost, and it comes back", () =>
    timed("a board out for a day", async () => {
      const section = runbook("A board is taken out for a day");
      await follow(section, leads);
      expect(await board("/primary")).toBe("uno-b");
      await homes.kill("uno-a");
      await confirmed("uno-b", "while one is out");
      homes.start("uno-a", "npx trader run --data ~/trader");
      await homes.answers("uno-a", "/standby", LIMIT_MS);
      await follow(section, { "the board that led meanwhile": "uno-b" });
      await healed();
    }));

  test("the pair moves to a new network, without multicast there", () =>
    timed("a new network", async () => {
      await follow(runbook("The pair moves to a new network"), leads);
      const own = join(homes.home("witness"), "witness", "home");
      await eventually("the witness knows it", LIMIT_MS, () => readWitnessConfig(own).host === after.witness);
      for (const name of Object.keys(before)) await homes.kill(name);
      for (const [name, address] of Object.entries(after)) {
        homes.net.moveTo(name, address);
        homes.net.filter(name, "-I", "INPUT", "-p", "udp", "--dport", "5353", "-j", "DROP");
      }
      homes.start("witness", "npx trader witness --data ~/witness");
      for (const name of boards) homes.start(name, "npx trader run --data ~/trader");
      await healed();
      homes.net.heal();
    }));

  test("the witness is replaced", () =>
    timed("another witness", async () => {
      await homes.kill("witness");
      await follow(runbook("The witness is replaced"), { ...leads, "the new device": "device-e" });
      await healed();
    }));

  test("a dead board is replaced under its name, by the one that took over", () =>
    timed("another board", async () => {
      if ((await board("/primary")) === "uno-b") await done("uno-b", "npx trader switchover --data ~/trader --yes");
      await healed();
      expect(await board("/primary")).toBe("uno-a");
      await homes.kill("uno-a");
      boards = ["uno-b", "board-c"];
      await follow(runbook("A board is dead and replaced"), { ...leads, "the new board": "board-c" });
      await healed();
      expect(await holds("uno-b")).toEqual(written);
    }));

  test("a ledger is restored from either board's disk, and a new board goes on from it", () =>
    timed("restored", async () => {
      const section = runbook("A ledger is restored from a folder");
      const [led, stoodBy] = [await board("/primary"), await board("/standby")];
      for (const name of boards) await homes.kill(name);
      await follow(section, { "the board that stood by": stoodBy, "the board that led": led });
      const copy = new Database(join(homes.home(led), "ledger.db"), { readonly: true });
      expect(copy.prepare("SELECT value FROM probes ORDER BY n").pluck().all()).toEqual(written);
      copy.close();
      renameSync(join(homes.home(stoodBy), "restored.db"), join(homes.home("board-d"), "restored.db"));
      await follow(section, { "a new board": "board-d" });
      await homes.answers("board-d", "/primary", LIMIT_MS);
      expect(await holds("board-d")).toEqual(written);
      for (const name of boards) homes.start(name, "npx trader run --data ~/trader");
      await healed();
    }));

  test("the README's way to grow, shrink and replace, with its questions answered, and its settings", () =>
    timed("README", async () => {
      // The README retires uno-b.
      if ((await board("/primary")) === "uno-b") await done("uno-b", "npx trader switchover --data ~/trader --yes");
      await healed();
      const section = { document: "README.md", section: "Two boards of your own" };
      await follow(section, leads, (line) => /trader retire (\S+)/.exec(line)?.[1] ?? "y");
      await homes.answers("board-c", "/primary", LIMIT_MS);
      await follow(section, { "any board": "board-c" });
    }));

  test("every command that the documents leave to this suite was typed", () => {
    expect(typedBy("test/e2e/runbooks.hard.test.ts").filter((text) => !homes.typed.includes(text))).toEqual([]);
  });
});
