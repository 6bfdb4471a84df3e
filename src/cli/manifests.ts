/** `coder-k8s manifests`: what `install` would apply, as text, for those who apply it themselves. */
import { type CommandCall, flagReader } from "./command_call.ts";
import { MANIFEST_FORMATS } from "./install_flags.ts";
import { describeMistakes } from "./mistake.ts";
import { choice } from "./values.ts";
import { askedVariant, isOn, objectsText } from "./variant_flags.ts";

/** What it reaches out to: no cluster. */
export interface ManifestsSurroundings {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Prints them. Resolves to the exit code: 0 done, 2 not understood. */
export async function manifestsCommand(call: CommandCall, around: ManifestsSurroundings): Promise<number> {
  const { mistakes: wrongFlags, read } = flagReader(call.flags);
  const format = read("output", choice(MANIFEST_FORMATS)) ?? "yaml";
  const [only, without] = [isOn(call.flags, "crds-only"), isOn(call.flags, "without-crds")];
  const asked = await askedVariant(call.flags, only ? "only" : without ? "without" : "both");
  const mistakes = [
    ...call.mistakes,
    ...wrongFlags,
    ...asked.mistakes,
    ...call.words.map((where) => ({ where, what: "stray argument after manifests" })),
    ...(only && without ? [{ where: "--crds-only", what: "contradicts --without-crds" }] : []),
  ];
  const { variant, apiServerCidrs } = asked;
  if (mistakes.length > 0 || variant === undefined) {
    around.err(describeMistakes(mistakes, "coder-k8s help manifests"));
    return 2;
  }
  const { needsAddresses, SLOT, withAddresses } = await import("../install/apply/network.ts");
  const isOpen = needsAddresses(variant.objects) && apiServerCidrs === undefined;
  if (isOpen) {
    around.err(
      `coder-k8s: the network policy lets nobody to the aggregated API yet: give --api-server-cidr, or replace ${SLOT}\n`,
    );
  }
  const { otherNote } = await import("../install/render/sides.ts");
  const note = only ? undefined : otherNote(variant);
  if (note !== undefined) around.err(`coder-k8s: ${note}\n`);
  around.out(await objectsText(withAddresses(variant.objects, apiServerCidrs ?? [SLOT]), format));
  return 0;
}
