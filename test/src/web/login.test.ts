import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { settings } from "../../../src/db/ledger-schema.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { commandProof } from "../../../src/web/web-secrets.ts";
import { cheapHash, clusterSecret, fakeDesk, from, local, memoryRows, pair } from "./desk-fixture.ts";

const password = "a password of some length";
const passwordHash = cheapHash(password);
const lan = from("192.168.1.7");
const host = { host: "uno-a.local:8000" };
const ownPage = { ...host, origin: "http://uno-a.local:8000" };

let rows = memoryRows();
afterEach(() => {
  rows = memoryRows();
});
const deskWith = (more: Partial<Parameters<typeof fakeDesk>[0]> = {}) => fakeDesk({ rows, passwordHash, ...more });

const post = (desk: ReturnType<typeof fakeDesk>) => {
  const routes = webRoutes(desk);
  return (path: string, fields: Record<string, string>, headers: Record<string, string> = ownPage, caller = lan) =>
    routes.request(
      `http://uno-a.local:8000${path}`,
      { method: "POST", headers, body: new URLSearchParams(fields) },
      caller,
    );
};

const cookiesOf = (answer: Response): string =>
  answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");

const statusAs = async (desk: ReturnType<typeof fakeDesk>, headers: Record<string, string>): Promise<unknown> =>
  (
    await webRoutes(desk).request("http://uno-a.local:8000/api/status", { headers: { ...host, ...headers } }, lan)
  ).json();

test("who logs in sees amounts, on whichever node leads; only hashes are kept; a new password logs everybody out", async () => {
  const answer = await post(deskWith())("/login", { password });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
  for (const cookie of answer.headers.getSetCookie()) {
    expect(cookie).toMatch(/^trader-(session|device)=[\w.-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/);
  }
  const cookie = cookiesOf(answer);
  expect(await statusAs(deskWith(), { cookie })).toMatchObject({ amountsShown: true, cashBase: 97_250 });
  expect(JSON.stringify(rows.db.select().from(settings).all())).not.toContain(/session=([\w-]+)/.exec(cookie)?.[1]);
  const other = cheapHash(password);
  expect(await statusAs(deskWith({ passwordHash: other }), { cookie })).toMatchObject({ amountsShown: false });
});

test("a session ends by itself, and by logging out", async () => {
  const desk = deskWith();
  const cookie = cookiesOf(await post(desk)("/login", { password }));
  const later = { ...desk, realNowMs: () => desk.realNowMs() + 7 * 86_400_000 };
  expect(await statusAs(later, { cookie })).toMatchObject({ amountsShown: false });
  const wrongClock = { ...desk, realNowMs: () => 0 };
  expect(await statusAs(wrongClock, { cookie })).toMatchObject({ amountsShown: false });
  expect((await post(desk)("/logout", {}, { ...ownPage, cookie })).headers.get("location")).toBe("/login");
  expect(await statusAs(desk, { cookie })).toMatchObject({ amountsShown: false });
});

test("behind a proxy that speaks TLS the cookies are for TLS only", async () => {
  const answer = await post(deskWith())("/login", { password }, { ...ownPage, "x-forwarded-proto": "https" });
  expect(answer.headers.getSetCookie().every((cookie) => cookie.includes("; Secure"))).toBe(true);
});

test("a wrong password is 401, the sixth at once 429 with a time, from there and from nowhere else", async () => {
  const send = post(deskWith());
  const known = cookiesOf(await send("/login", { password }));
  const statuses: number[] = [];
  for (let n = 0; n < 6; n++) statuses.push((await send("/login", { password: "wrong" })).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  const refused = await send("/login", { password });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
  // The owner's own browser, and one on another address.
  expect((await send("/login", { password }, { ...ownPage, cookie: known })).status).toBe(303);
  expect((await send("/login", { password }, ownPage, from("192.168.1.8"))).status).toBe(303);
});

test("no password was set: nobody logs in, and the page says what to do", async () => {
  const answer = await post(deskWith({ passwordHash: null }))("/login", { password: "" });
  expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining("trader password")]);
});

test("a form of another site or of another port logs nobody in or out", async () => {
  const send = post(deskWith());
  const cookie = cookiesOf(await send("/login", { password }));
  for (const origin of ["http://evil.example", "http://uno-a.local:9000", "null"]) {
    for (const path of ["/login", "/logout"]) {
      expect((await send(path, { password }, { ...host, origin, cookie })).status).toBe(403);
    }
  }
  expect((await send("/login", { password }, host)).status).toBe(403);
  const fetched = { ...host, "sec-fetch-site": "same-site", origin: "http://uno-a.local:8000" };
  expect((await send("/login", { password }, fetched)).status).toBe(403);
  expect(await statusAs(deskWith(), { cookie })).toMatchObject({ amountsShown: true });
});

test("sessions are bounded: the oldest ends", async () => {
  const desk = deskWith();
  const { sessions } = desk.open() ?? {};
  if (sessions === undefined) throw new Error("no ledger");
  const tokens: string[] = [];
  for (let n = 0; n < 17; n++) tokens.push((await sessions.open(passwordHash, 1_000 + n)).token);
  expect(tokens.map((token) => sessions.find(token, passwordHash, 2_000) !== null)).toEqual([
    false,
    ...Array.from({ length: 16 }, () => true),
  ]);
});

const tokens = async (init: RequestInit & { headers: Record<string, string> }, caller = local, path = "") => {
  const answer = await webRoutes(deskWith()).request(`http://127.0.0.1:8000/api/tokens${path}`, init, caller);
  return { status: answer.status, body: z.looseObject({}).parse(await answer.json()) };
};
const proof = { authorization: `Bearer ${commandProof(clusterSecret)}`, "content-type": "application/json" };

test("a command of the node makes, lists and voids tokens of scripts; who cannot read its secrets does not", async () => {
  const body = JSON.stringify({ name: "backup", scope: "read" });
  const made = await tokens({ method: "POST", headers: proof, body });
  expect(made).toMatchObject({ status: 200, body: { confirmed: true } });
  expect(await tokens({ method: "POST", headers: proof, body })).toMatchObject({
    status: 409,
    body: { field: "name" },
  });
  const { body: listed } = await tokens({ headers: proof });
  expect(listed).toMatchObject({ tokens: [{ name: "backup", scope: "read" }] });
  expect(JSON.stringify(listed)).not.toContain(String(made.body["token"]));

  const bearer = { authorization: `Bearer ${String(made.body["token"])}` };
  expect(await statusAs(deskWith(), bearer)).toMatchObject({ amountsShown: true });
  for (const headers of [{}, bearer, { authorization: "Bearer guessed-guessed-guessed" }]) {
    expect((await tokens({ headers })).status).toBe(headers === bearer ? 403 : 401);
  }
  expect((await tokens({ headers: proof }, lan)).status).toBe(401);
  expect((await tokens({ method: "DELETE", headers: proof }, local, "/backup")).status).toBe(200);
  expect((await tokens({ method: "DELETE", headers: proof }, local, "/backup")).status).toBe(404);
  expect(await statusAs(deskWith(), bearer)).toMatchObject({ amountsShown: false });
});

test("a standby opens no session: it sends the browser to the primary, and hands it the session and no other cookie", async () => {
  const standby = deskWith({ open: false, pair: { ...pair, role: "standby", primaryApp: "192.168.1.10:8000" } });
  const sent: (string | null)[] = [];
  const routes = webRoutes(standby, (_input, init) => {
    sent.push(new Headers(init?.headers).get("cookie"));
    return Promise.resolve(new Response("{}"));
  });
  const login = await routes.request("/login", {}, lan);
  expect([login.status, login.headers.get("location")]).toEqual([302, "http://192.168.1.10:8000/login"]);
  expect((await post(standby)("/login", { password })).status).toBe(503);
  const session = `trader-session=${"x".repeat(32)}`;
  await routes.request("/portfolio", { headers: { cookie: `other=1; ${session}; trader-device=y` } }, lan);
  expect(sent).toEqual([session]);
});
