import type { Logger } from "pino";
import { hintOf } from "./mdns.ts";
import { MdnsThread } from "./mdns-thread.ts";

export type BrowseOptions = {
  readonly cluster: string;
  /** A node of the cluster says where its page is: "host:port". Not authenticated, and said again and again. */
  readonly onPage: (address: string) => void;
  /** Addresses to listen on; absent: all real interfaces, as they come and go. */
  readonly interfaces?: readonly string[];
  readonly logger?: Logger;
};

/** Looks for the nodes of a cluster, and advertises nothing; `run` and `stop` it. */
export const browsePages = ({ cluster, onPage, interfaces, logger }: BrowseOptions): MdnsThread =>
  new MdnsThread({
    data: () => ({ advert: null, clusterId: "", port: 0, interfaces: interfaces ?? null }),
    onSighting: ({ txt, host, port }) => {
      const hint = hintOf(txt, host, port);
      if (hint?.cluster === cluster && hint.appPort !== null) onPage(`${hint.host}:${hint.appPort}`);
    },
    logger,
  });
