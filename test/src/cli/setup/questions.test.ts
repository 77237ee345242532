import { expect, test } from "vitest";
import { askFor, asProposed } from "../../../../src/cli/setup/questions.ts";

const proposal = {
  host: "192.168.1.10",
  gateway: "192.168.1.1",
  preset: "wifi",
  hostWhy: "wlan0, Wi-Fi",
  presetWhy: "wlan0 is Wi-Fi",
} as const;
const nothing = { name: undefined, host: undefined, arbiter: undefined, preset: undefined };

/** A person who answers in this order, and what was asked. */
function person(...answers: readonly string[]) {
  const asked: string[] = [];
  const question = (text: string): Promise<string> => Promise.resolve(answers[asked.push(text) - 1] ?? "");
  return { asker: { isTty: true, question }, asked };
}

test("Enter takes what is proposed, and each choice says which protection it gives", async () => {
  const { asker, asked } = person();
  expect(await askFor(nothing, proposal, asker)).toEqual(asProposed(nothing, proposal));
  expect(asked).toHaveLength(4);
  expect(asked[0]).toMatch(
    /third device[^]*strict\. Any one of the three may die[^]*heuristic\.[^]*none\. This is one board/,
  );
  expect(asked[3]).toMatch(/wifi is proposed: wlan0 is Wi-Fi[^]*leads 1 s after[^]*leads 8 s after/);
});

test("answers count; nonsense is asked again, and one board is not asked how fast the other takes over", async () => {
  const { asker, asked } = person("9", "4", "My Board", "shed", "10.0.0.5");
  expect(await askFor(nothing, proposal, asker)).toEqual({
    name: "shed",
    host: "10.0.0.5",
    arbiter: "standalone",
    preset: "wifi",
  });
  expect(asked).toHaveLength(5);
  await expect(askFor(nothing, proposal, person("1", "A", "B", "C").asker)).rejects.toThrow(/nothing was set up/);
});

test("what was given is not asked for", async () => {
  const { asker, asked } = person();
  const given = { name: "shed", host: "10.0.0.5", arbiter: "manual", preset: "fast" } as const;
  expect(await askFor(given, proposal, asker)).toEqual(given);
  expect(asked).toEqual([]);
});
