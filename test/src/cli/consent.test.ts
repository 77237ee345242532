import { expect, test } from "vitest";
import { type Asker, consent } from "../../../src/cli/consent.ts";

const terminal = (answer: string): Asker & { readonly asked: string[] } => {
  const asked: string[] = [];
  return { isTty: true, asked, question: async (text) => (asked.push(text), answer) };
};
const pipe: Asker = { isTty: false, question: () => Promise.reject(new Error("asked without a terminal")) };

test("without a terminal nothing is asked: it is refused unless --yes is given", async () => {
  await expect(consent("Sure?", false, null, pipe)).rejects.toMatchObject({ exitCode: 2, message: /--yes/ });
  await expect(consent("Sure?", true, null, pipe)).resolves.toBeUndefined();
});

test("only a yes is a yes", async () => {
  await expect(consent("Sure?", false, null, terminal("y"))).resolves.toBeUndefined();
  await expect(consent("Sure?", false, null, terminal("YES "))).resolves.toBeUndefined();
  for (const answer of ["", "n", "yeah"]) {
    await expect(consent("Sure?", false, null, terminal(answer))).rejects.toMatchObject({ exitCode: 2 });
  }
});

test("where a word is wanted, y is not enough", async () => {
  const asker = terminal("y");
  await expect(consent("Sure?", false, "uno-b", asker)).rejects.toThrow(/Not confirmed/);
  expect(asker.asked).toEqual(['Sure? Type "uno-b" to agree: ']);
  await expect(consent("Sure?", false, "uno-b", terminal("uno-b"))).resolves.toBeUndefined();
});
