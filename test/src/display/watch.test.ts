import { afterEach, expect, test } from "vitest";
import { ask, type Answer } from "../../../src/display/ask.ts";
import { DisplayWatch } from "../../../src/display/watch.ts";
import { displayOf } from "./display-fixture.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const answering =
  (status: number, body: unknown): typeof fetch =>
  () =>
    Promise.resolve(new Response(JSON.stringify(body), { status }));

const refused: typeof fetch = () =>
  Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }));
const flood: typeof fetch = () => Promise.resolve(new Response("x".repeat(100_000)));

test("an answer is a display, or a reason for people", async () => {
  expect(await ask("h:1", null, answering(200, displayOf(3)))).toEqual({ kind: "answered", display: displayOf(3) });
  expect(await ask("h:1", null, answering(200, { hello: 1 }))).toMatchObject({
    reason: "h:1 answered with something else",
  });
  expect(await ask("h:1", null, answering(503, {}))).toMatchObject({ reason: "h:1 says 503" });
  expect(await ask("h:1", null, refused)).toMatchObject({ reason: "h:1 cannot be asked (connect ECONNREFUSED)" });
  expect(await ask("h:1", null, flood)).toMatchObject({
    reason: "h:1 cannot be asked (an answer of more than 65536 bytes)",
  });
});

test("the token goes with the question, and the question is for the primary's display", async () => {
  const seen: (string | null)[] = [];
  const fetcher: typeof fetch = (input, init) => {
    seen.push(new Request(input).url, new Headers(init?.headers).get("authorization"));
    return Promise.resolve(new Response("{}"));
  };
  await ask("h:1", "secret", fetcher);
  await ask("h:1", null, fetcher);
  const url = "http://h:1/api/status/led/display?of=primary";
  expect(seen).toEqual([url, "Bearer secret", url, null]);
});

test("it follows whoever answers, and goes to the other one when that one is dead", async () => {
  let nowMs = 0;
  let leads = "a:1";
  const watch = new DisplayWatch({
    from: ["a:1", "b:1"],
    token: null,
    nowMs: () => nowMs,
    ask: (address): Promise<Answer> =>
      Promise.resolve(
        address === leads
          ? { kind: "answered", display: displayOf(leads === "a:1" ? 1 : 2, leads) }
          : { kind: "none", reason: `${address} is dead` },
      ),
  });
  ends.push(() => watch.stop());
  watch.run();
  await expect.poll(() => watch.shown().kind).toBe("fresh");
  expect(watch.shown()).toMatchObject({ from: "a:1" });
  leads = "b:1";
  nowMs = 1_000;
  await expect.poll(() => watch.shown()).toMatchObject({ kind: "fresh", from: "b:1", ageMs: 0 });
});

test("a node that is heard of later is asked too", async () => {
  const watch = new DisplayWatch({
    from: [],
    token: null,
    ask: () => Promise.resolve({ kind: "answered", display: displayOf(1) }),
  });
  ends.push(() => watch.stop());
  watch.run();
  expect(watch.shown()).toMatchObject({ kind: "none" });
  watch.sighted("c:1");
  await expect.poll(() => watch.shown()).toMatchObject({ kind: "fresh", from: "c:1" });
});
