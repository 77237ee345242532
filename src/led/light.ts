/** Brightness 0..7 of the matrix for the ticker and for what matters more; `lamps` false keeps the four LEDs dark. */
export type Light = { readonly normal: number; readonly bright: number; readonly lamps: boolean };

/** Hours of local time, 0..23; quiet from `fromHour` until `toHour`, over midnight when `toHour` is less. */
type QuietHours = { readonly fromHour: number; readonly toHour: number };
export type LightSettings = {
  /** 0..255, as the setting has always been. */
  readonly brightness: number;
  readonly quiet: QuietHours | null;
};

export const daylight: Light = { normal: 3, bright: 7, lamps: true };
/** At night the ticker is dark; an error or a takeover is dim, but there. */
const night: Light = { normal: 0, bright: 1, lamps: false };

/** How brightly to draw at an hour. A brightness of 0 is night all day. */
export function lightAt(settings: LightSettings, hour: number): Light {
  if (settings.brightness <= 0 || isQuiet(settings.quiet, hour)) return night;
  const share = Math.min(settings.brightness, 255) / 255;
  const bright = Math.max(2, Math.round(7 * Math.sqrt(share)));
  return { normal: Math.max(1, Math.round(5 * share)), bright, lamps: true };
}

function isQuiet(quiet: QuietHours | null, hour: number): boolean {
  if (quiet === null) return false;
  const { fromHour, toHour } = quiet;
  return fromHour <= toHour ? hour >= fromHour && hour < toHour : hour >= fromHour || hour < toHour;
}
