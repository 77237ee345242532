import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { spawnChild } from "./io/child.ts";
import type { Child } from "./io/child.ts";
import { fromDigest } from "./io/digest-messages.ts";
import { contentSchema } from "./io/ledger-digest.ts";
import type { Content } from "./io/ledger-digest.ts";

/** What a ledger holds at `txid` of the epoch that is replicated, or why nobody can say. */
export type ReadOutcome =
  | { readonly kind: "read"; readonly txid: number; readonly content: Content }
  | { readonly kind: "refused"; readonly reason: string };

type ReaderPorts = {
  readonly runDir: string;
  readonly ledgerPath: string;
  readonly log: Logger;
};

const worker = fileURLToPath(new URL("./io/digest-worker.ts", import.meta.url));
const limitMs = 20_000;
const triesMax = 40;
const failuresMax = 8;
const pauseMs = 100;

/**
 * Reads what the open ledger holds at a position that the standby has too, in a process of its own: the agent waits for
 * no disk. Whoever ends the app or its Litestream ends it as well, for nobody may have the ledger open when the next
 * app opens it.
 */
export class LedgerReader {
  readonly #ports: ReaderPorts;
  #child: Child | null = null;

  constructor(ports: ReaderPorts) {
    this.#ports = ports;
  }

  /** `sync` resolves to the position of a sync that started when it was called, null when that failed. */
  async read(sync: () => Promise<number | null>): Promise<ReadOutcome> {
    if (this.#child !== null) return refused("the ledger is being read already");
    const { runDir, ledgerPath, log } = this.#ports;
    const child = spawnChild({
      name: "digest",
      command: process.execPath,
      args: [...process.execArgv, worker, ledgerPath],
      env: process.env,
      ipc: true,
      runDir,
      log,
    });
    this.#child = child;
    const late = setTimeout(() => void this.stop(), limitMs);
    try {
      return await conversation(child, sync);
    } finally {
      clearTimeout(late);
      await child.kill();
      if (this.#child === child) this.#child = null;
    }
  }

  /** Resolves when it has the ledger open no more. */
  async stop(): Promise<void> {
    await this.#child?.kill();
  }
}

const refused = (reason: string): ReadOutcome => ({ kind: "refused", reason });

async function conversation(child: Child, sync: () => Promise<number | null>): Promise<ReadOutcome> {
  const heard: ((message: unknown) => void)[] = [];
  const early: unknown[] = [];
  child.onMessage((message) => {
    const next = heard.shift();
    if (next === undefined) early.push(message);
    else next(message);
  });
  const ended = child.exited.then(() => null);
  const hear = async () => {
    const raw = early.shift() ?? (await Promise.race([ended, new Promise((resolve) => heard.push(resolve))]));
    return raw === null ? null : fromDigest.parse(raw);
  };
  let failures = 0;
  for (let tries = 0; tries < triesMax; tries += 1) {
    if ((await hear())?.kind !== "snapshot") return refused("the reader of the ledger ended");
    const txid = await sync();
    if (txid === null) {
      failures += 1;
      if (failures === failuresMax) return refused("the standby did not take a sync");
    } else {
      child.send({ kind: "synced" });
      const answer = await hear();
      if (answer === null) return refused("the reader of the ledger ended");
      if (answer.kind === "content") return { kind: "read", txid, content: contentSchema.parse(answer) };
    }
    await sleep(pauseMs);
    child.send({ kind: "again" });
  }
  return refused("the ledger was written to all the time");
}
