import type { Note } from "./screen.ts";

const NOTES_MAX = 50;

/** What the demo did or saw itself, oldest first; old ones are forgotten. */
export class Notes {
  readonly list: Note[] = [];

  add(text: string): void {
    this.list.push({ at: new Date().toISOString(), text });
    if (this.list.length > NOTES_MAX) this.list.shift();
  }
}
