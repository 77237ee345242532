#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { launch } from "./launch.js";

const args = process.argv.slice(2);
// A demo that loses its launcher gives the terminal back and removes its data; everything else dies at once.
launch([fileURLToPath(new URL("./main.ts", import.meta.url)), ...args], args[0] === "demo" ? "TERM" : "KILL");
