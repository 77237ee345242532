import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { join } from "node:path";
import { errorCode } from "../../../ha/io/durable-file.ts";
import { portOf } from "./port-fixture.ts";

/** The few WebDAV methods that Litestream uses, over a folder: "refuse" answers 403, "hang" nothing at all. */
export class WebdavFixture {
  mode: "serve" | "refuse" | "hang" = "serve";
  /** The newest txid that was put; null before the first. */
  newest: number | null = null;
  /** Everything that was put. */
  bytes = 0;
  readonly #root: string;
  readonly #server: Server;

  constructor(root: string) {
    this.#root = root;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => this.#answer(request, Buffer.concat(chunks), response));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(() => resolve(null)));
  }

  #answer(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const say = (status: number, data: Buffer | string = "", headers: Record<string, string> = {}): void => {
      response.writeHead(status, headers).end(data);
    };
    if (this.mode === "hang") return;
    if (request.headers.authorization === undefined) return say(401, "", { "www-authenticate": 'Basic realm="r"' });
    if (this.mode === "refuse") return say(403);
    const path = request.url ?? "/";
    const file = join(this.#root, path);
    switch (request.method ?? "") {
      case "OPTIONS":
        return say(200);
      case "PROPFIND":
        return existsSync(file) ? say(207, listing(path, file), { "content-type": "application/xml" }) : say(404);
      case "MKCOL":
        return say(makeFolder(file));
      case "PUT":
        writeFileSync(`${file}.part`, body);
        renameSync(`${file}.part`, file);
        this.bytes += body.length;
        this.newest = Math.max(this.newest ?? 0, Number.parseInt(/-([0-9a-f]{16})\.ltx$/.exec(path)?.[1] ?? "0", 16));
        return say(201);
      case "GET":
        return existsSync(file) ? say(200, readFileSync(file)) : say(404);
      case "DELETE":
        rmSync(file, { recursive: true, force: true });
        return say(204);
      default:
        return say(405);
    }
  }
}

function makeFolder(file: string): number {
  try {
    mkdirSync(file);
    return 201;
  } catch (error) {
    return errorCode(error) === "EEXIST" ? 405 : 409;
  }
}

function item(href: string, file: string): string {
  const stat = statSync(file);
  const type = stat.isDirectory() ? "<D:resourcetype><D:collection/></D:resourcetype>" : "<D:resourcetype/>";
  return (
    `<D:response><D:href>${href}</D:href><D:propstat><D:prop>${type}<D:getcontentlength>${stat.size}</D:getcontentlength>` +
    `<D:getlastmodified>${stat.mtime.toUTCString()}</D:getlastmodified></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`
  );
}

function listing(path: string, file: string): string {
  const names = readdirSync(file).filter((name) => !name.endsWith(".part"));
  const items = [item(path, file), ...names.map((name) => item(join(path, name), join(file, name)))];
  return `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">${items.join("")}</D:multistatus>`;
}
