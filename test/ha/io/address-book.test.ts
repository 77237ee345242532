import { describe, expect, test } from "vitest";
import { AddressBook } from "../../../ha/io/address-book.ts";

const at = (last: number, port = 8008) => ({ host: `10.0.0.${last}`, port });

describe("the address book", () => {
  test("each address once, whoever said it", () => {
    const book = new AddressBook();
    book.set("node-b", [at(1)]);
    book.hint("node-b", at(1), 0);
    book.hint("node-b", at(2), 0);
    book.learn("node-b", at(2), 0);
    book.learn("node-b", at(3), 0);
    expect(book.of("node-b", 0)).toEqual([at(1), at(2), at(3)]);
    expect(book.of("node-c", 0)).toEqual([]);
  });

  test("no source displaces another, and none grows without bound", () => {
    const book = new AddressBook();
    book.set("node-b", [at(1)]);
    for (let n = 2; n < 100; n += 1) {
      book.hint("node-b", at(n, 1), 0);
      book.learn("node-b", at(n, 2), 0);
    }
    expect(book.of("node-b", 0)).toHaveLength(9);
    expect(book.of("node-b", 0)).toContainEqual(at(1));
    for (let n = 0; n < 100; n += 1) book.learn(`node-${n}`, at(1), 0);
    expect(book.of("node-99", 0)).toEqual([]);
  });

  test("a forged hint displaces no other, and names of strangers take no room", () => {
    const book = new AddressBook();
    book.expect("node-b");
    book.hint("node-b", at(2), 0);
    book.hint("node-b", at(66), 0);
    expect(book.of("node-b", 0)).toEqual([at(66), at(2)]);
    for (let n = 0; n < 100; n += 1) book.hint(`stranger-${n}`, at(66), 0);
    expect(book.of("stranger-0", 0)).toEqual([]);
    book.set("witness", [at(3)]);
    expect(book.of("witness", 0)).toEqual([at(3)]);
  });

  test("what was hinted or learned is forgotten a minute after it was last heard", () => {
    const book = new AddressBook();
    book.expect("node-c");
    book.hint("node-c", at(1), 0);
    expect(book.of("node-c", 60_000)).toEqual([at(1)]);
    expect(book.of("node-c", 60_001)).toEqual([]);
    book.learn("node-b", at(1), 0);
    book.learn("node-b", at(1), 50_000);
    expect(book.of("node-b", 110_000)).toEqual([at(1)]);
    expect(book.of("node-b", 110_001)).toEqual([]);
  });

  test("only IP addresses with a port are taken", () => {
    const book = new AddressBook();
    const wrong = [{ host: "node-b.local", port: 1 }, at(1, 0), at(1, 70_000)];
    book.set("node-b", [...wrong, { host: "::1", port: 1 }]);
    for (const address of wrong) book.hint("node-b", address, 0);
    expect(book.of("node-b", 0)).toEqual([{ host: "::1", port: 1 }]);
  });

  test("a member that moved is followed once it is heard elsewhere and no longer where it was", () => {
    const book = new AddressBook();
    const where = (present: string, nowMs: number): string => book.follow("node-b", present, 5_000, nowMs);
    expect(where("10.0.0.1", 0)).toBe("10.0.0.1");
    book.learn("node-b", at(1), 0);
    book.learn("node-b", at(2), 1_000);
    expect(where("10.0.0.1", 5_000)).toBe("10.0.0.1");
    expect(where("10.0.0.1", 5_001)).toBe("10.0.0.2");
    book.learn("node-b", at(1), 5_500);
    expect(where("10.0.0.2", 6_000)).toBe("10.0.0.2");
    expect(where("10.0.0.2", 60_000)).toBe("10.0.0.2");
    expect(where("node-b.local", 5_500)).toBe("node-b.local");
  });
});
