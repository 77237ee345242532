#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { launchOnBoard } from "./launch.js";

launchOnBoard([fileURLToPath(new URL("./main.ts", import.meta.url)), ...process.argv.slice(2)]);
