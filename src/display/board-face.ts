import type { Logger } from "pino";
import { boardPicture } from "../led/board-picture.ts";
import { lightAt, type LightSettings } from "../led/light.ts";
import { BoardScreen } from "../led/router/board-screen.ts";
import type { Face } from "./faces.ts";
import { pictureOf } from "./picture.ts";

/** The matrix and LED 3 and 4 of the board that this runs on. LED 1 and 2 belong to whoever has them. */
export function boardFace(socketPath: string, light: LightSettings, log: Logger): Face {
  // Another number than the run before had, and one that the sketch can hold.
  const session = Math.floor(Date.now() / 100) % 2 ** 31;
  const screen = new BoardScreen({ socketPath, session, log });
  void screen.run();
  return {
    draw: (shown) => screen.show(boardPicture(pictureOf(shown), lightAt(light, new Date().getHours()))),
    stop: () => screen.stop(),
  };
}
