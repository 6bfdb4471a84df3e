/** `coder-k8s uninstall`. */
import { type CommandCall, flagReader } from "./command_call.ts";
import { harmless, type InstallSurroundings, sayTo } from "./installing.ts";
import { describeMistakes } from "./mistake.ts";
import { lookConfig } from "./one_look.ts";
import { duration } from "./values.ts";
import { isOn, overlayNames } from "./variant_flags.ts";

const TIMEOUT_MS = 300_000;

/** Resolves to the exit code: 0 done, 1 not, or not all of it, 2 not understood, 130 interrupted. */
export async function uninstallCommand(call: CommandCall, around: InstallSurroundings): Promise<number> {
  const { flags } = call;
  const { mistakes: wrongFlags, read, namespace: readNamespace } = flagReader(flags);
  const timeoutMs = read("timeout", duration({ min: 1_000 })) ?? TIMEOUT_MS;
  const where = readNamespace("namespace");
  const { chosen, OverlayError } = await import("../install/render/catalog.ts");
  const { embeddedManifests } = await import("../install/render/variant.ts");
  const { familyOf } = await import("../install/apply/inventory.ts");
  const files = await embeddedManifests();
  const loaded = await lookConfig({ ...around, flags });
  const mistakes = [
    ...call.mistakes,
    ...wrongFlags,
    ...loaded.mistakes,
    ...call.words.map((word) => ({ where: word, what: "stray argument after uninstall" })),
  ];
  let choice: ReturnType<typeof chosen> | undefined;
  try {
    choice = chosen(overlayNames(flags), Object.keys(files));
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error;
    mistakes.push({ where: "--overlay", what: error.message });
  }
  if (isOn(flags, "abandon") && !isOn(flags, "delete-crds")) {
    mistakes.push({ where: "--abandon", what: "goes with --delete-crds alone" });
  }
  for (const warning of loaded.warnings) around.err(`coder-k8s: ${warning}\n`);
  if (mistakes.length > 0 || loaded.config === undefined || choice === undefined) {
    around.err(describeMistakes(mistakes, "coder-k8s help uninstall"));
    return 2;
  }
  const { config } = loaded;
  const { installation } = around;
  const asked = {
    files,
    family: familyOf(choice.shape),
    namespace: where ?? choice.namespace,
    deleteCrds: isOn(flags, "delete-crds"),
    deleteData: isOn(flags, "delete-data"),
    deleteNamespace: isOn(flags, "delete-namespace"),
    abandon: isOn(flags, "abandon"),
  };
  const confirm = async (text: string, signal: AbortSignal) => {
    around.err(`${text.split("\n").map(harmless).join("\n")}\n`);
    if (isOn(flags, "yes")) return true;
    const answer = await installation.confirm("Go on?", signal);
    if (answer === undefined) around.err("Nobody can be asked here: --yes says that it may be done.\n");
    return answer ?? false;
  };
  let code = 1;
  const stoppedBy = await installation.untilStopped(async (signal) => {
    const request = { ...asked, confirm: (text: string) => confirm(text, signal) };
    const came = await installation.uninstall(config, request, { say: sayTo(around), timeoutMs, signal });
    if ("refusal" in came) around.err(`coder-k8s: ${came.refusal.split("\n").map(harmless).join("\n")}\n`);
    else if (came.result.length > 0) {
      around.err(
        `coder-k8s: could not be removed:\n${came.result.map((one) => `  ${harmless(one)}\n`).join("")}`,
      );
    } else {
      around.out("\ncoder-k8s is gone.\n");
      code = 0;
    }
  });
  return stoppedBy === undefined ? code : 130;
}
