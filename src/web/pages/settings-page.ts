import { html } from "hono/html";
import type { ShownSetting } from "../../settings/ledger-settings.ts";
import { textOf, wanted, type Setting, type SettingContent } from "../../settings/registry.ts";
import { page, type Frame, type Html } from "./layout.ts";

/** Every setting; with forms for whoever may change them. */
export const settingsPage = (settings: readonly ShownSetting[] | null, frame: Frame): Html =>
  page(
    "/settings",
    "Settings",
    frame,
    html`<h1>Settings</h1>
      <p class="soft">
        They are in the ledger: in force at once, and on whichever node leads. What belongs to one board is in its
        trader.yml.
      </p>
      ${
        settings === null
          ? html`<p>Settings are shown to whoever is logged in.</p>`
          : settings.map(
              ({ setting, value, isDefault, unusable }) =>
                html`<div class="setting">
                  <div>
                    <b>${setting.key}</b> ${setting.about}
                    <span class="soft">
                      ${setting.unit}; ${isDefault ? "the default" : `${textOf(setting.byDefault)} by default`}.
                      ${unusable === null ? "" : html`<span class="bad">The ledger says ${unusable}, which it cannot be.</span>`}
                    </span>
                  </div>
                  ${frame.writes ? formOf(setting, value) : html`<b>${textOf(value)}</b>`}
                </div>`,
            )
      }`,
  );

const formOf = (setting: Setting, value: SettingContent): Html =>
  html`<form class="row" method="post" action="/settings/${setting.key}">
    ${inputOf(setting, value)}<button>Set</button>
  </form>`;

function inputOf(setting: Setting, value: SettingContent): Html {
  const { key, accepts } = setting;
  switch (accepts.kind) {
    case "choice":
      return html`<select name="value" aria-label="${key}">
        ${accepts.of.map((each) => html`<option${each === value ? html` selected` : ""}>${each}</option>`)}
      </select>`;
    case "shares":
      return html`<input class="long" name="value" aria-label="${key}" value="${textOf(value)}" required />`;
    case "number":
      return html`<input
        type="number"
        name="value"
        aria-label="${key}"
        value="${textOf(value)}"
        min="${accepts.min}"
        max="${accepts.max}"
        step="${accepts.whole ? "1" : "any"}"
        title="${wanted(setting)}"
        required
      />`;
  }
}
