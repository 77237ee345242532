import Bonjour from "bonjour-service";

/** A queue of things that can be awaited one by one. */
export function queue<T>() {
  const items: T[] = [];
  const waiting: (() => void)[] = [];
  return {
    push: (item: T) => {
      items.push(item);
      waiting.shift()?.();
    },
    /** Skips what does not fit. */
    async next(fits: (item: T) => boolean = () => true): Promise<T> {
      for (;;) {
        const item = items.shift();
        if (item !== undefined && fits(item)) return item;
        if (item === undefined) await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

export type Answer = {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly data?: unknown;
  readonly flush?: boolean;
};

/** A neighbour on loopback that speaks bare mDNS: hears the answers of all, asks, and says what it likes. */
export function mdnsNeighbour(address = "127.0.0.1") {
  const heard = queue<readonly Answer[]>();
  const options: object = { interface: address, bind: "0.0.0.0" };
  const bonjour = new Bonjour(options, () => undefined);
  const { mdns } = Reflect.get(bonjour, "server");
  mdns.on("response", ({ answers }: { answers: readonly Answer[] }) => heard.push(answers));
  return {
    heard,
    ask: (name: string, type: string): void => mdns.query([{ name, type }]),
    say: (answers: readonly Answer[]): void => mdns.respond({ answers }),
    close: (): Promise<void> =>
      new Promise((resolve) => {
        bonjour.destroy(() => resolve());
      }),
  };
}
