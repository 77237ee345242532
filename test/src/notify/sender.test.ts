import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";
import pino from "pino";
import { afterEach, describe, expect, test } from "vitest";
import type { Alert } from "../../../src/notify/alerts.ts";
import { AlertSender } from "../../../src/notify/sender.ts";

const log = pino({ level: "silent" });
const alert: Alert = { key: "peer", state: "open", severity: "critical", text: "uno-a is not heard from: böse." };
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

type Got = { readonly headers: IncomingMessage["headers"]; readonly body: string };

/** A target that answers these statuses, then 200; -1: never. */
async function target(
  ...statuses: number[]
): Promise<{ url: string; got: Got[]; arrived: (n: number) => Promise<void> }> {
  const got: Got[] = [];
  const server: Server = createServer((request, response) => {
    void text(request).then((body) => {
      got.push({ headers: request.headers, body });
      const status = statuses.shift() ?? 200;
      if (status > 0) response.writeHead(status).end();
      server.emit("got");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const arrived = async (n: number): Promise<void> => {
    while (got.length < n) await once(server, "got");
  };
  return { url: `http://127.0.0.1:${address.port}/secret-topic`, got, arrived };
}

function sender(targets: ConstructorParameters<typeof AlertSender>[0]["targets"], logger = log): AlertSender {
  const made = new AlertSender({ node: "uno-b", cluster: "home", targets, log: logger, limitMs: 200, retryMs: 5 });
  ends.push(() => made.stop());
  return made;
}

describe("alerts on their way", () => {
  test("a webhook gets JSON, ntfy a text with title, priority and tag", async () => {
    const [webhook, ntfy] = [await target(), await target()];
    sender({ webhookUrl: webhook.url, ntfyUrl: ntfy.url }).send(alert);
    await Promise.all([webhook.arrived(1), ntfy.arrived(1)]);
    expect(JSON.parse(webhook.got[0]?.body ?? "")).toEqual({ cluster: "home", node: "uno-b", ...alert });
    expect(ntfy.got[0]?.body).toBe(alert.text);
    expect(ntfy.got[0]?.headers).toMatchObject({ title: "Trader home", priority: "urgent", tags: "warning" });
  });

  test("what is refused or not answered is sent again, in order, and never twice once taken", async () => {
    const webhook = await target(503, -1, 429);
    const made = sender({ webhookUrl: webhook.url });
    made.send(alert);
    made.send({ ...alert, state: "closed" });
    await webhook.arrived(5);
    expect(webhook.got.map(({ body }) => JSON.parse(body).state)).toEqual(["open", "open", "open", "open", "closed"]);
  });

  test("a dead target holds up no other, and its address is in no log", async () => {
    const lines: string[] = [];
    const logger = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
    const [dead, ntfy] = [await target(...Array.from({ length: 50 }, () => -1)), await target()];
    const made = sender({ webhookUrl: dead.url, ntfyUrl: ntfy.url }, logger);
    for (let n = 0; n < 20; n++) made.send({ ...alert, text: `${n}` });
    await ntfy.arrived(20);
    expect(ntfy.got.map(({ body }) => body)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
    await dead.arrived(2);
    expect(lines.join()).toContain("no answer in time");
    expect(lines.join()).not.toContain("secret-topic");
  });

  test("while nothing gets through, the newest fifty wait", async () => {
    const webhook = await target(500);
    const made = sender({ webhookUrl: webhook.url });
    for (let n = 0; n < 200; n++) made.send({ ...alert, text: `${n}` });
    await webhook.arrived(52);
    const texts = webhook.got.map(({ body }) => JSON.parse(body).text);
    expect(texts.slice(0, 4)).toEqual(["0", "0", "150", "151"]);
    expect(texts.at(-1)).toBe("199");
  });
});
