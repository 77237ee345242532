import { z } from "zod";
import type { ShownSetting } from "../../settings/ledger-settings.ts";
import { isAccepted, registry, settingOf, wanted } from "../../settings/registry.ts";
import type { Problem } from "../problem.ts";
import { endpoint, nothing, refuse, type Endpoint } from "./endpoint.ts";

/** A number, or shares of a whole by name. */
const content = z.union([z.number(), z.record(z.string(), z.number())]);

const settingSchema = z.object({
  key: z.string(),
  about: z.string(),
  unit: z.string(),
  /** What it takes, in words. */
  takes: z.string(),
  byDefault: content,
  value: content,
  isDefault: z.boolean(),
  /** What the ledger says that this version cannot take; the default counts then. */
  unusable: z.string().nullable(),
});
const keyInput = z.object({ key: z.string().max(60) });

/** Settings in the ledger: they count at once, and on whichever node leads. */
export const settingEndpoints: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/api/settings",
    summary: "Every setting with what it takes",
    access: "reader",
    refuses: [],
    input: nothing,
    answer: z.object({ settings: z.array(settingSchema) }),
    handle: (_input, { open }) => ({ settings: open.settings.list().map(shown) }),
  }),
  endpoint({
    method: "get",
    path: "/api/settings/{key}",
    summary: "One setting",
    access: "reader",
    refuses: [404],
    input: z.object({ params: keyInput }),
    answer: settingSchema,
    handle({ params }, { open }) {
      const found = open.settings.list().find(({ setting }) => setting.key === params.key);
      return found === undefined ? refuse(unknownKey(params.key)) : shown(found);
    },
  }),
  endpoint({
    method: "put",
    path: "/api/settings/{key}",
    summary: "Sets it, in force from now on; null goes back to the default",
    access: "writer",
    refuses: [404, 409],
    input: z.object({ params: keyInput, body: z.strictObject({ value: content.nullable() }) }),
    answer: z.object({ key: z.string(), value: content, confirmed: z.boolean() }),
    async handle({ params, body }, { open }) {
      const setting = settingOf(params.key);
      if (setting === null) return refuse(unknownKey(params.key));
      const { value } = body;
      if (value !== null && !isAccepted(setting, value)) {
        const detail = `${setting.key} cannot be ${JSON.stringify(body.value).slice(0, 100)}.`;
        return refuse({ status: 400, detail, field: "value", remedy: `Give ${wanted(setting)}.` });
      }
      const done = await open.settings.put(setting, value);
      const remedy = "Change the other one first, or give another value.";
      if (done.kind === "refused") return refuse({ status: 409, detail: done.reason, field: "value", remedy });
      return { key: setting.key, value: value ?? setting.byDefault, confirmed: done.confirmed };
    },
  }),
];

const shown = ({ setting, value, isDefault, unusable }: ShownSetting): z.input<typeof settingSchema> => {
  const { key, about, unit, byDefault } = setting;
  return { key, about, unit, takes: wanted(setting), byDefault, value, isDefault, unusable };
};

const unknownKey = (key: string): Problem => ({
  status: 404,
  detail: `There is no setting "${key}".`,
  field: "key",
  remedy: `There are ${registry.map((setting) => setting.key).join(", ")}.`,
});
