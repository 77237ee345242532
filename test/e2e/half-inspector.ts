import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { getJson } from "./demo-process.ts";

/** Where Node listens after SIGUSR1; one process at a time can. */
const PORT = 9_229;
const LIMIT_MS = 5_000;
const target = z.array(z.looseObject({ webSocketDebuggerUrl: z.string() })).min(1);

/** Makes a running Node program execute this text, as its debugger could: nothing in the program is prepared for it. */
export async function evaluateIn(pid: number, expression: string): Promise<void> {
  process.kill(pid, "SIGUSR1");
  const endMs = performance.now() + LIMIT_MS;
  let url: string | undefined;
  while (url === undefined) {
    if (performance.now() > endMs) throw new Error(`no inspector of process ${pid} on port ${PORT}`);
    url = (await getJson(PORT, "/json/list", target).catch(() => []))[0]?.webSocketDebuggerUrl;
    if (url === undefined) await sleep(20);
  }
  const socket = new WebSocket(url);
  const done = Promise.withResolvers<void>();
  socket.addEventListener("open", () =>
    socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression } })),
  );
  socket.addEventListener("message", () => done.resolve());
  socket.addEventListener("error", () => done.reject(new Error(`the inspector of process ${pid} refused`)));
  await done.promise;
  socket.close();
}
