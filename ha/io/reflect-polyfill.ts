const store = new WeakMap<object, Map<unknown, unknown>>();

function getOwnMetadata(key: unknown, target: object): unknown {
  return store.get(target)?.get(key);
}

function getMetadata(key: unknown, target: object): unknown {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
    if (store.get(at)?.has(key) === true) return getOwnMetadata(key, at);
  }
  return undefined;
}

function defineMetadata(key: unknown, value: unknown, target: object): void {
  const entries = store.get(target) ?? new Map<unknown, unknown>();
  store.set(target, entries.set(key, value));
}

const metadata = (key: unknown, value: unknown) => (target: object) => defineMetadata(key, value, target);

/**
 * Adds the four functions of the Reflect metadata proposal that @peculiar/x509's injector calls, and no more.
 * To be called before that package is imported; does nothing where a complete polyfill is present.
 */
export function installReflectMetadata(): void {
  if (!("getMetadata" in Reflect)) Object.assign(Reflect, { getMetadata, getOwnMetadata, defineMetadata, metadata });
}
