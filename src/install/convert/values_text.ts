/** The text of a Helm values file, read as Helm reads it. */
import { parseDocument, type Tags } from "yaml";
import { ConvertError } from "./convert_error.ts";

/** Fields of a YAML map. */
export type Fields = Readonly<Record<string, unknown>>;

/** First line of what `helm get values` prints without `-o yaml`. */
const HELM_HEADING = /^(USER-SUPPLIED|COMPUTED) VALUES:[ \t]*\r?\n/;

/**
 * Parses values. No text, and `null`, mean no values. Numbers with a leading zero are octal, `yes` and `on` are true, as
 * everywhere in Helm and Kubernetes; times and dates stay text. Throws {@linkcode ConvertError}.
 */
export function parseValues(text: string): Fields {
  const problem = (what: string) => new ConvertError(`the values cannot be read: ${what}`);
  let content: unknown;
  try {
    const document = parseDocument(text.replace(HELM_HEADING, ""), {
      version: "1.1",
      customTags: asHelm,
      uniqueKeys: false,
    });
    const [error] = document.errors;
    if (error !== undefined) throw problem(`not valid YAML: ${error.message.trim()}`);
    content = document.toJS();
  } catch (error) {
    if (error instanceof ConvertError) throw error;
    throw problem(error instanceof Error ? error.message : String(error));
  }
  if (content === null || content === undefined) return {};
  if (!isFields(content)) {
    throw problem("they must be a map, such as the output of helm get values RELEASE -o yaml");
  }
  return content;
}

/** True for maps. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

/** YAML 1.1 but for `1:30` and dates, which stay text. */
function asHelm(tags: Tags): Tags {
  return tags.filter((tag) =>
    typeof tag === "string" || (tag.format !== "TIME" && tag.tag !== "tag:yaml.org,2002:timestamp")
  );
}
