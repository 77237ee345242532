import type { PresetName } from "../../../ha/io/node-files.ts";

/** One address of this machine that other machines could reach it at. */
export type OwnAddress = {
  readonly address: string;
  readonly interfaceName: string;
  readonly wireless: boolean;
};

/** How the gateway answered a few pings. */
export type Pings = { readonly sent: number; readonly answered: number; readonly slowestMs: number | null };

/** What was measured of this machine's place in its network; null: there is none, or it could not be found out. */
export type Surroundings = {
  readonly addresses: readonly OwnAddress[];
  readonly gateway: { readonly address: string; readonly interfaceName: string } | null;
  readonly pings: Pings | null;
};

/** What `init` and `join` propose, and why. */
export type Proposal = {
  readonly host: string | null;
  readonly gateway: string | null;
  readonly preset: PresetName;
  readonly hostWhy: string;
  readonly presetWhy: string;
};

/** A renewal of the default preset is late after this; Wi-Fi's is twice that. */
const slowMs = 250;

/** From what was measured: the address on the gateway's network, the gateway, and the timing that fits the network. */
export function propose({ addresses, gateway, pings }: Surroundings): Proposal {
  const own = addresses.find(({ interfaceName }) => interfaceName === gateway?.interfaceName) ?? addresses[0] ?? null;
  const { preset, why } = presetFor(own, pings);
  return {
    host: own?.address ?? null,
    gateway: gateway?.address ?? null,
    preset,
    hostWhy: own === null ? "no network" : `${own.interfaceName}, ${own.wireless ? "Wi-Fi" : "wired"}`,
    presetWhy: why,
  };
}

function presetFor(own: OwnAddress | null, pings: Pings | null): { preset: PresetName; why: string } {
  if (own?.wireless === true) return { preset: "wifi", why: `${own.interfaceName} is Wi-Fi, which fails in bursts` };
  if (pings === null || pings.answered === 0) return { preset: "default", why: "nothing was measured" };
  const lost = pings.sent - pings.answered;
  const measured = `of ${pings.sent} pings to the gateway ${lost} were lost, the slowest took ${Math.round(pings.slowestMs ?? 0)} ms`;
  return { preset: lost > 1 || (pings.slowestMs ?? 0) > slowMs ? "wifi" : "default", why: measured };
}

/** The next name after the founder's, as uno-b after uno-a; a witness is called what it is. */
export function nameAfter(founder: string, kind: "node" | "witness"): string {
  if (kind === "witness") return founder === "witness" ? "witness-2" : "witness";
  const [, stem = "", letter = ""] = /^(.*-)([a-y])$/.exec(founder) ?? [];
  return letter === ""
    ? `${founder.slice(0, 30)}-b`
    : `${stem}${String.fromCodePoint((letter.codePointAt(0) ?? 0) + 1)}`;
}
