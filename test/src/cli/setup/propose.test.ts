import { expect, test } from "vitest";
import { nameAfter, propose } from "../../../../src/cli/setup/propose.ts";

const wire = { address: "192.168.1.10", interfaceName: "eth0", wireless: false };
const air = { address: "192.168.2.10", interfaceName: "wlan0", wireless: true };
const by = (interfaceName: string) => ({ address: "192.168.1.1", interfaceName });
const good = { sent: 10, answered: 10, slowestMs: 1.4 };

test("the address is that of the interface to the gateway, or the first one", () => {
  expect(propose({ addresses: [wire, air], gateway: by("wlan0"), pings: null })).toMatchObject({
    host: "192.168.2.10",
    gateway: "192.168.1.1",
    hostWhy: "wlan0, Wi-Fi",
  });
  expect(propose({ addresses: [wire, air], gateway: null, pings: null })).toMatchObject({
    host: "192.168.1.10",
    gateway: null,
  });
  expect(propose({ addresses: [], gateway: null, pings: null })).toMatchObject({ host: null, hostWhy: "no network" });
});

test("the timing is Wi-Fi's on Wi-Fi and where the gateway answers late or seldom, and the default on a good wire", () => {
  const preset = (addresses: readonly (typeof wire)[], pings: typeof good | null) =>
    propose({ addresses, gateway: by("eth0"), pings }).preset;
  expect(preset([air], good)).toBe("wifi");
  expect(preset([wire], good)).toBe("default");
  expect(preset([wire], null)).toBe("default");
  expect(preset([wire], { ...good, answered: 9 })).toBe("default");
  expect(preset([wire], { ...good, answered: 8 })).toBe("wifi");
  expect(preset([wire], { ...good, slowestMs: 300 })).toBe("wifi");
  // A gateway that answers no ping says nothing of the network.
  expect(preset([wire], { ...good, answered: 0 })).toBe("default");
});

test("a joiner is called after the founder, and never longer than a name may be", () => {
  expect(nameAfter("uno-a", "node")).toBe("uno-b");
  expect(nameAfter("uno-z", "node")).toBe("uno-z-b");
  expect(nameAfter("trader", "node")).toBe("trader-b");
  expect(nameAfter("x".repeat(32), "node")).toHaveLength(32);
  expect(nameAfter("uno-a", "witness")).toBe("witness");
  expect(nameAfter("witness", "witness")).toBe("witness-2");
});
