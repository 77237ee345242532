import { randomBytes } from "node:crypto";
import pino from "pino";
import { presets } from "./core/timing.ts";
import { createVoter } from "./core/voter.ts";
import { stepWitness } from "./core/witness.ts";
import { createClock } from "./io/clock.ts";
import { keepCompiled } from "./io/compile-cache.ts";
import { Mdns } from "./io/mdns.ts";
import { readRoster, readSecrets, readWitnessConfig } from "./io/node-files.ts";
import { UdpPort } from "./io/udp.ts";
import { VoteFile } from "./io/vote-file.ts";
import type { Message } from "./core/messages.ts";
import { listenHost, mdnsSite } from "./site.ts";
import { stopSignal } from "./stop-signal.ts";

export type WitnessOptions = {
  readonly dataDir: string;
  /** Ends with this process too; null: with nobody. */
  readonly lifelinePid: number | null;
  readonly log?: pino.Logger;
};

/** More messages than this wait only when the disk hangs; then they are dropped, as a network would. */
const waitingMax = 256;

/** The third voter, until it is told to stop; resolves with the exit code. */
export async function runWitness(options: WitnessOptions): Promise<number> {
  const { dataDir, lifelinePid } = options;
  const log = options.log ?? pino({ level: process.env["TRADER_LOG_LEVEL"] ?? "info" }, pino.destination(2));
  const config = readWitnessConfig(dataDir);
  const stop = stopSignal(lifelinePid);
  const votes = await VoteFile.open(dataDir);
  const clock = createClock();
  let voter = createVoter({
    name: config.name,
    timing: presets[config.preset],
    boot: randomBytes(8).toString("hex"),
    nonce: randomBytes(8).toString("hex"),
    startedMs: clock.monotonicMs(),
    record: votes.record,
  });
  const failure = Promise.withResolvers<number>();
  const waiting: Message[] = [];
  let busy = false;
  const udp = new UdpPort({
    identity: {
      cluster: config.cluster,
      name: config.name,
      secret: Buffer.from(readSecrets(dataDir).clusterSecret, "base64"),
    },
    host: listenHost(config.host),
    port: config.ports.agent,
    nowMs: clock.monotonicMs,
    onMessage: (message) => {
      if (waiting.length < waitingMax) waiting.push(message);
      if (!busy) void drain();
    },
    logger: log,
  });

  /** One message at a time: [HA-2] what it promises is durable before the answer leaves. */
  async function drain(): Promise<void> {
    busy = true;
    try {
      for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
        const ready = stepWitness(voter, message, clock.monotonicMs());
        voter = ready.voter;
        if (ready.persist !== null) {
          await votes.write(ready.persist);
          log.info({ record: ready.persist }, "recorded");
        }
        for (const answer of ready.send) udp.send(answer);
      }
    } catch (error) {
      log.fatal({ err: error }, "the record could not be made durable; a voter that forgets must not vote");
      failure.resolve(1);
    } finally {
      busy = false;
    }
  }

  for (const member of readRoster(dataDir).members) {
    if (member.name !== config.name) udp.setAddresses(member.name, [{ host: member.host, port: member.agentPort }]);
  }
  await udp.run();
  const mdns = new Mdns({
    ...mdnsSite(config.host),
    node: config.name,
    cluster: config.cluster,
    port: config.ports.agent,
    role: "witness",
    epoch: votes.record?.epoch ?? 0,
    onHint: (hint) => udp.setAddresses(hint.node, [{ host: hint.host, port: hint.port }], "hint"),
    logger: log,
  });
  mdns.run();
  keepCompiled();
  log.info({ name: config.name, port: config.ports.agent, blank: votes.record === null }, "witness runs");
  const code = await Promise.race([stop, failure.promise]);
  await mdns.stop();
  await udp.stop();
  await votes.close();
  return code;
}
