/** One member of a folder listing; `path` is what the client asked with (an href), folders without a size. */
export type DavEntry = { path: string; sizeBytes: number | null; modifiedMs: number };

function response(entry: DavEntry): string {
  const folder = entry.sizeBytes === null;
  const properties = [
    `<D:resourcetype>${folder ? "<D:collection/>" : ""}</D:resourcetype>`,
    folder ? "" : `<D:getcontentlength>${entry.sizeBytes}</D:getcontentlength>`,
    `<D:getlastmodified>${new Date(entry.modifiedMs).toUTCString()}</D:getlastmodified>`,
  ];
  return [
    `<D:response><D:href>${entry.path}</D:href><D:propstat><D:prop>${properties.join("")}</D:prop>`,
    "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>",
  ].join("");
}

/** Body of a 207 (RFC 4918). The folder itself comes first; hrefs are of our own grammar and need no escaping. */
export const multistatus = (entries: readonly DavEntry[]): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">${entries.map(response).join("")}</D:multistatus>`;

/** One byte range of a file of `sizeBytes`: null for the whole of it, "unsatisfiable" for 416. Both ends inclusive. */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): { start: number; end: number } | null | "unsatisfiable" {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return null;
  const [, from = "", to = ""] = match;
  if (from === "") {
    const length = Math.min(Number(to), sizeBytes);
    return length === 0 ? "unsatisfiable" : { start: sizeBytes - length, end: sizeBytes - 1 };
  }
  const start = Number(from);
  const end = to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  return start > end ? "unsatisfiable" : { start, end };
}
