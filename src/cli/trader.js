#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { launch } from "./launch.js";

// A small young generation: these processes live for months on boards of 2 GB, and make little garbage.
launch(["--max-semi-space-size=1", fileURLToPath(new URL("./main.ts", import.meta.url)), ...process.argv.slice(2)]);
