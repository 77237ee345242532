import { expect, test } from "vitest";
import { Progress } from "../../../src/cli/progress.ts";

const told = (isTTY: boolean): string => {
  let text = "";
  const progress = new Progress({ isTTY, columns: 20, write: (more: string) => (text += more) });
  progress.now("1 of 2 MB, which is a long line");
  progress.now("2 of 2 MB");
  progress.done("copied");
  return text;
};

test("on a terminal what goes on is one line that changes, elsewhere only what is done is said", () => {
  expect(told(true)).toBe("..  1 of 2 MB, whic\r\u001B[K..  2 of 2 MB\r\u001B[Kok  copied\n");
  expect(told(false)).toBe("ok  copied\n");
});
