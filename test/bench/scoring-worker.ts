import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { scoreAll, scoreInputs } from "./scoring-data.ts";

/** Holds its part of the stocks, and answers each message with their scores. */
const { first, count } = z.object({ first: z.number(), count: z.number() }).parse(workerData);
const inputs = scoreInputs(first, count);
parentPort?.on("message", () => parentPort?.postMessage(scoreAll(inputs), []));
parentPort?.postMessage("ready", []);
