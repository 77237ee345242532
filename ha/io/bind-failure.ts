import { errorCode } from "./durable-file.ts";

/** One sentence for a port that cannot be listened on; `where` is like "UDP 0.0.0.0:8008". */
export function bindFailure(where: string, cause: unknown): string {
  switch (errorCode(cause) ?? "") {
    case "EADDRINUSE":
      return `${where} is in use. Another agent may be running here; stop it or choose another port.`;
    case "EADDRNOTAVAIL":
      return `${where} is not an address of this machine. Correct "host" in node.json.`;
    case "EACCES":
      return `${where} may not be used by this user. Choose a port above 1023.`;
    default:
      return `${where} cannot be listened on (${cause instanceof Error ? cause.message : String(cause)}).`;
  }
}
