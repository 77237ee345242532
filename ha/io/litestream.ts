import { rmSync } from "node:fs";
import { isAbsolute } from "node:path";
import type { Logger } from "pino";
import { type Child, spawnChild } from "./child.ts";
import { type SyncOutcome, syncOverSocket, txidOverSocket } from "./litestream-control.ts";

/** What fills the variables of `litestream.yml`; `replicaUrl` is the connector on loopback, `replicaPath` is `/e/<epoch>`. */
export type ReplicationTarget = {
  ledger: string;
  replicaUrl: string;
  replicaPath: string;
  user: string;
  password: string;
  socket: string;
};

/** `env` is what Litestream gets besides the variables of `litestream.yml`. */
export type ReplicationOptions = {
  binary: string;
  configPath: string;
  target: ReplicationTarget;
  env: NodeJS.ProcessEnv;
  runDir: string;
  log: Logger;
};

/** A running `litestream replicate`. Its caller watches `child.exited` and starts another one with backoff. */
export type Replication = {
  readonly child: Child;
  sync(limitMs: number): Promise<SyncOutcome>;
  /** The txid up to which commits have been taken locally; null when Litestream does not answer in a second. */
  position(): Promise<number | null>;
  /** Ends it within `STOP_LIMIT_MS`, by SIGKILL if need be: what was confirmed is durable at the receiver. */
  stop(): Promise<void>;
};

const STOP_LIMIT_MS = 2000;
const POSITION_LIMIT_MS = 1000;
/** `sun_path` of a Unix socket, less its final zero. */
const SOCKET_PATH_MAX_BYTES = 107;

/** The environment of `litestream.yml`, or an Error that names the variable which would not survive in quoted YAML. */
export function replicationEnv(target: ReplicationTarget): Record<string, string> {
  const variables = {
    TRADER_LEDGER: target.ledger,
    TRADER_REPLICA_URL: target.replicaUrl,
    TRADER_REPLICA_PATH: target.replicaPath,
    TRADER_LINK_USER: target.user,
    TRADER_LINK_PASSWORD: target.password,
    TRADER_LITESTREAM_SOCKET: target.socket,
  };
  for (const [name, value] of Object.entries(variables)) {
    // An unset variable becomes an empty text in the file, and a quote or a backslash another value.
    if (!/^[^"\\\p{Cc}]+$/u.test(value)) throw new Error(`${name} cannot stand in litestream.yml`);
  }
  if (!isAbsolute(target.ledger)) throw new Error(`not an absolute path: ${target.ledger}`);
  if (Buffer.byteLength(target.socket) > SOCKET_PATH_MAX_BYTES)
    throw new Error(`path too long for a socket (over ${SOCKET_PATH_MAX_BYTES} bytes): ${target.socket}`);
  return variables;
}

/**
 * Starts replication of one ledger under one epoch. It exits 1 by itself when the connector does not answer its start-up
 * probe; later refusals and outages it sits out with growing pauses, which a `sync` ends.
 */
export function startReplication(options: ReplicationOptions): Replication {
  const { target } = options;
  const variables = replicationEnv(target);
  // A killed one leaves its socket behind.
  rmSync(target.socket, { force: true });
  const child = spawnChild({
    name: "litestream",
    command: options.binary,
    args: ["replicate", "-config", options.configPath],
    env: { ...options.env, ...variables },
    ipc: false,
    runDir: options.runDir,
    log: options.log,
  });
  return {
    child,
    sync: (limitMs) => syncOverSocket(target.socket, target.ledger, limitMs),
    position: () => txidOverSocket(target.socket, target.ledger, POSITION_LIMIT_MS),
    stop: async () => {
      await child.stop(STOP_LIMIT_MS);
      rmSync(target.socket, { force: true });
    },
  };
}
