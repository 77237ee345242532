import { html } from "hono/html";
import { page, type Frame, type Html } from "./layout.ts";

/** The form for the password; `trouble` is why the last attempt led nowhere. */
export const loginPage = (frame: Frame, trouble: string | null): Html =>
  page(
    "/login",
    "Log in",
    frame,
    html`<h1>Log in</h1>
      ${trouble === null ? "" : html`<p class="bad">${trouble}</p>`}
      <form class="row" method="post" action="/login">
        <label
          >Password <input type="password" name="password" required autofocus autocomplete="current-password"
        /></label>
        <button>Log in</button>
      </form>
      <p class="soft">
        It was shown by "trader init". Who has lost it sets another one on the board: "trader password --data DIR".
      </p>`,
  );
