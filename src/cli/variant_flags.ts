/** Reading the flags that say what the objects of an installation are made from. */
import type { KubeObject } from "../api/object.ts";
import type { Variant } from "../install/render/variant.ts";
import { type CommandCall, flagReader } from "./command_call.ts";
import type { Mistake } from "./mistake.ts";
import { number } from "./values.ts";

/** Either `variant` or at least one mistake. */
export interface AskedVariant {
  readonly variant?: Variant;
  /** As they were given. */
  readonly apiServerCidrs?: readonly string[];
  readonly setsReplicas: boolean;
  readonly mistakes: readonly Mistake[];
}

const CIDR = /^(?:(?:\d{1,3}\.){3}\d{1,3}\/(?:\d|[12]\d|3[0-2])|[0-9a-fA-F:]+\/(?:\d{1,2}|1[01]\d|12[0-8]))$/;
const MOST_REPLICAS = 100;

/** Loads what the binary carries. @param crds which of the CRDs */
export async function askedVariant(
  flags: CommandCall["flags"],
  crds: "only" | "without" | "both" = "both",
): Promise<AskedVariant> {
  const { mistakes: wrong, read, namespace } = flagReader(flags);
  // Loaded here alone: half a megabyte, which other commands do without.
  const { embeddedManifests, variantOf } = await import("../install/render/variant.ts");
  const { checkApart } = await import("../install/render/sides.ts");
  const { imageChange } = await import("../install/render/rewrite.ts");
  const where = namespace("namespace");
  const coordinatorNamespace = namespace("coordinator-namespace");
  const workersNamespace = namespace("workers-namespace");
  const replicas = read("replicas", number({ min: 0, max: MOST_REPLICAS }));
  const mistakes: Mistake[] = [...wrong];
  const images = (flags.get("image") ?? []).flatMap((text) => {
    const change = imageChange(text);
    if (change === undefined) mistakes.push({ where: "--image", what: `no image: ${JSON.stringify(text)}` });
    return change ?? [];
  });
  const cidrs = (flags.get("api-server-cidr") ?? []).flatMap(words);
  for (const cidr of cidrs.filter((text) => !CIDR.test(text))) {
    mistakes.push({
      where: "--api-server-cidr",
      what: `must be a range such as 10.0.0.0/28, not ${JSON.stringify(cidr)}`,
    });
  }
  const common = {
    setsReplicas: replicas !== undefined,
    ...(cidrs.length === 0 ? {} : { apiServerCidrs: cidrs }),
  };
  if (mistakes.length > 0) return { ...common, mistakes };
  try {
    const overlays = overlayNames(flags);
    const variant = variantOf(await embeddedManifests(), {
      overlays,
      images,
      namespace: where,
      coordinatorNamespace,
      workersNamespace,
      replicas,
      crds,
    });
    checkApart(variant);
    return { ...common, variant, mistakes };
  } catch (error) {
    if (!(error instanceof Error && (error.name === "OverlayError" || error.name === "RenderError"))) {
      throw error;
    }
    return { ...common, mistakes: [{ where: "--overlay", what: error.message }] };
  }
}

/** Names of shapes and components, from all `--overlay`. */
export function overlayNames(flags: CommandCall["flags"]): string[] {
  return (flags.get("overlay") ?? []).flatMap(words);
}

function words(text: string): string[] {
  return text.split(",").map((word) => word.trim()).filter((word) => word !== "");
}

/** A switch that may be written `--name=false`. */
export function isOn(flags: CommandCall["flags"], flag: string, otherwise = false): boolean {
  const said = flags.get(flag)?.at(-1);
  return said === undefined ? otherwise : !/^(false|f|0|no)$/i.test(said);
}

/** Objects in the form in which `kubectl apply -f` reads them. */
export async function objectsText(objects: readonly KubeObject[], format: "yaml" | "json"): Promise<string> {
  if (format === "json") {
    return `${JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, null, 2)}\n`;
  }
  const { stringify } = await import("./yaml.ts");
  return objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join(
    "---\n",
  );
}
