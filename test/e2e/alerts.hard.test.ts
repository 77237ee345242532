import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "./demo-process.ts";
import { Pair, pass } from "./pair.ts";

const limitMs = 60_000;
/** Longer than a takeover or a loss is held back before it is told. */
const quietMs = 15_000;

type Got = { readonly path: string; readonly body: string };

let pair: Pair;
let server: Server;
const got: Got[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      got.push({ path: request.url ?? "", body });
      // The first try of every message to the webhook fails: it is sent again, and counted once.
      const before = got.filter((one) => one.path === "/webhook" && one.body === body).length;
      response.writeHead(request.url === "/webhook" && before === 1 ? 503 : 200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const base = `http://127.0.0.1:${address.port}`;
  pair = await Pair.start([], { TRADER_WEBHOOK_URL: `${base}/webhook`, TRADER_NTFY_URL: `${base}/topic` });
}, 120_000);
afterEach(({ task }) => {
  if (task.result?.state === "fail") console.log(got, pair.logTails());
});
afterAll(async () => {
  await pair?.stop();
  server?.closeAllConnections();
  server?.close();
});

const topic = (): string[] => got.filter(({ path }) => path === "/topic").map(({ body }) => body);
/** What the webhook has taken. */
const webhook = (): string[] => {
  const bodies = got.filter(({ path }) => path === "/webhook").map(({ body }) => body);
  return bodies.filter((body, n) => bodies.indexOf(body) !== n).map((body) => JSON.parse(body).text);
};

test("a kill is told once, by the survivor, and the recovery too, to a webhook and to ntfy", async () => {
  const { primary, standby } = await pair.protected();
  await pair.killWhole(primary);
  const took = expect.stringMatching(`^${standby.name} took over from ${primary.name}, which is not heard from`);
  await eventually("the takeover is told", limitMs, () => topic().length > 0 && webhook().length > 0);
  // Nothing else may follow while the other node is away.
  await pass(quietMs);
  expect(topic()).toEqual([took]);
  expect(webhook()).toEqual([took]);
  pair.start(primary);
  const whole = expect.stringMatching(`^${primary.name} is there and holds everything confirmed`);
  await eventually("the recovery is told", limitMs, () => topic().length > 1 && webhook().length > 1);
  expect(topic()).toEqual([took, whole]);
  expect(webhook()).toEqual([took, whole]);
}, 150_000);
