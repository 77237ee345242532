import { expect, test } from "vitest";
import { hashPassword, makePassword, verifyPassword } from "../../../src/web/admin-password.ts";

test("a password is four groups that can be typed, and no two are the same", () => {
  const made = Array.from({ length: 50 }, makePassword);
  for (const password of made) expect(password).toMatch(/^(?:[a-hj-km-np-z2-9]{5}-){3}[a-hj-km-np-z2-9]{5}$/);
  expect(new Set(made).size).toBe(50);
});

test("a kept hash is salted, and admits its password only", async () => {
  const [kept, again] = [await hashPassword("correct"), await hashPassword("correct")];
  expect(kept).not.toBe(again);
  expect(kept).not.toContain("correct");
  expect(await verifyPassword("correct", kept)).toBe(true);
  expect(await verifyPassword("correct", again)).toBe(true);
  expect(await verifyPassword("Correct", kept)).toBe(false);
  expect(await verifyPassword("", kept)).toBe(false);
});

test("what is no hash admits nobody, and a cost beyond the bound is not paid", async () => {
  const kept = await hashPassword("correct");
  for (const other of [
    "",
    "correct",
    kept.slice(0, -1),
    kept.replace("scrypt:", "md5:"),
    kept.replace("32768", "32767"),
    kept.replace("32768", "4194304"),
  ])
    expect(await verifyPassword("correct", other)).toBe(false);
});
