import Bonjour from "bonjour-service";

/**
 * A display on a machine of the suite: `net-asker.ts ADDRESS NAME` asks by bare mDNS where NAME is, ten times at once
 * and then not for a while (avahi's memory of a replaced address lives a second longer with every answer), and prints
 * each answer with its time on the clock of all processes of this host.
 */

const EVERY_MS = 1_500;
const QUESTIONS = 10;
const [, , address, name] = process.argv;
const options: object = { interface: address, bind: "0.0.0.0" };
const bonjour = new Bonjour(options, () => undefined);
const { mdns } = Reflect.get(bonjour, "server");
mdns.on(
  "response",
  ({ answers }: { answers: readonly { name: string; type: string; ttl: number; data: unknown }[] }) => {
    const heardMs = Number(process.hrtime.bigint() / 1_000n) / 1_000;
    for (const answer of answers) {
      if (answer.type !== "A" || answer.name !== name) continue;
      process.stdout.write(`${JSON.stringify({ heardMs, address: answer.data, ttl: answer.ttl })}\n`);
    }
  },
);
setInterval(() => {
  for (let n = 0; n < QUESTIONS; n += 1) mdns.query([{ name, type: "A" }]);
}, EVERY_MS);
