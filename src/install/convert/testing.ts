/** What tests of conversions share. */
import { convertHelmValues, type ConvertOptions } from "./helm.ts";
import { parseValues } from "./values_text.ts";

/** Converts the text of a values file whose image has a tag; notes as `path: what`, remarks with `#` in front. */
export function converted(text: string, options: ConvertOptions = {}) {
  const { object, notes } = convertHelmValues(parseValues(text), { chartVersion: "2.30.0", ...options });
  return {
    object,
    spec: object.spec,
    said: notes.map(({ path, what, unmapped }) => `${unmapped ? "" : "# "}${path}: ${what}`),
  };
}

/** The same for the values below `coder`, written as one flow map. */
export function coder(flow: string, options: ConvertOptions = {}) {
  return converted(`coder: ${flow}\n`, options);
}
