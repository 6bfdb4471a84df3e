/** `coder-k8s install`. */
import type { Installed } from "../app/install.ts";
import type { Variant } from "../install/render/variant.ts";
import { type CommandCall, flagReader } from "./command_call.ts";
import { DRY_RUNS } from "./install_flags.ts";
import { harmless, type InstallSurroundings, sayTo } from "./installing.ts";
import { describeMistakes } from "./mistake.ts";
import { lookConfig } from "./one_look.ts";
import { duration } from "./values.ts";
import { askedVariant, isOn } from "./variant_flags.ts";

const TIMEOUT_MS = 300_000;

/** Resolves to the exit code: 0 done, 1 not, or not all of it, 2 not understood, 130 interrupted. */
export async function installCommand(call: CommandCall, around: InstallSurroundings): Promise<number> {
  const { flags } = call;
  const { mistakes: wrongFlags, read, last } = flagReader(flags);
  const timeoutMs = read("timeout", duration({ min: 1_000 })) ?? TIMEOUT_MS;
  const dryRun = dryRunOf(last("dry-run"));
  const { variant, apiServerCidrs, setsReplicas, mistakes: wrongVariant } = await askedVariant(flags);
  const loaded = await lookConfig({ ...around, flags });
  const mistakes = [
    ...call.mistakes,
    ...wrongFlags,
    ...wrongVariant,
    ...loaded.mistakes,
    ...call.words.map((where) => ({ where, what: "stray argument after install" })),
    ...(dryRun === undefined ? [{ where: "--dry-run", what: `must be ${DRY_RUNS.join(", ")}` }] : []),
  ];
  for (const warning of loaded.warnings) around.err(`coder-k8s: ${warning}\n`);
  if (mistakes.length > 0 || loaded.config === undefined || variant === undefined || dryRun === undefined) {
    around.err(describeMistakes(mistakes, "coder-k8s help install"));
    return 2;
  }
  if (dryRun === "client") {
    const { wordsOf } = await import("../install/apply/objects.ts");
    around.out(variant.objects.map((object) => `${wordsOf(object)} (dry run)\n`).join(""));
    const { otherNote } = await import("../install/render/sides.ts");
    const note = otherNote(variant);
    if (note !== undefined) around.err(`coder-k8s: ${note}\n`);
    return 0;
  }
  const { config } = loaded;
  const { choice, namespace, objects, otherNamespace } = variant;
  const { installation } = around;
  const wait = isOn(flags, "wait", true);
  const mayPrune = async (old: readonly object[], signal: AbortSignal) => {
    if (flags.has("prune")) return isOn(flags, "prune");
    const { listed } = await import("../install/apply/objects.ts");
    const text = harmlessLines(listed(old as Parameters<typeof listed>[0]));
    const question = `An earlier install has made these, which are needed no more:\n${text}\nRemove them?`;
    return await installation.confirm(question, signal) ?? false;
  };
  const asked = {
    choice,
    namespace,
    ...(otherNamespace === undefined ? {} : { otherNamespace }),
    objects,
    dryRun: dryRun === "server",
    wait,
    takesOwnership: isOn(flags, "take-ownership"),
    setsReplicas,
    ...(apiServerCidrs === undefined ? {} : { apiServerCidrs }),
  };
  let code = 1;
  const stoppedBy = await installation.untilStopped(async (signal) => {
    const request = { ...asked, mayPrune: (old: readonly object[]) => mayPrune(old, signal) };
    const came = await installation.install(config, request, { say: sayTo(around), timeoutMs, signal });
    if ("refusal" in came) around.err(`coder-k8s: ${harmlessLines(came.refusal)}\n`);
    else {
      around.out(asked.dryRun ? counted(came.result) : ending(came.result, variant, wait));
      const { otherSide } = came.result;
      if (otherSide !== undefined) around.err(`coder-k8s: ${harmlessLines(otherSide)}\n`);
      code = 0;
    }
  });
  return stoppedBy === undefined ? code : 130;
}

function dryRunOf(said: string | undefined): (typeof DRY_RUNS)[number] | undefined {
  if (said === undefined || said === "false") return "none";
  if (said === "true") return "server";
  return DRY_RUNS.find((one) => one === said);
}

function counted({ counts }: Installed): string {
  return `\n${counts.created} created, ${counts.configured} configured, ${counts.unchanged} unchanged\n`;
}

/** What is up now, and what comes next. */
function ending(installed: Installed, { choice, namespace }: Variant, wait: boolean): string {
  const left = installed.leftBehind.length;
  const leftBehind = left === 0
    ? ""
    : `${left} objects of an earlier install are left; to remove them: the same command with --prune\n`;
  return `${counted(installed)}${leftBehind}\n${
    NEXT[choice.shape.split("/")[0]!]?.(namespace, choice.shape) ?? productNext(namespace, wait)
  }`;
}

const NEXT: Readonly<Record<string, (namespace: string, shape: string) => string>> = {
  coordinator: (namespace, shape) => {
    const names = shape === "coordinator" ? ["coordinator"] : ["coordinator", "coordinator-workers"];
    return `The coordinator is in ${namespace}. It starts when its Secrets are there, with a certificate for ` +
      `${
        names.map((name) => `${name}.${namespace}.svc`).join(" and ")
      }: see docs/sessions.md, "Kubernetes".\n`;
  },
  workers: (namespace) =>
    `Workers are in ${namespace}. They start when their tokens are there: see docs/sessions.md, "Kubernetes".\n`,
};

function productNext(namespace: string, wait: boolean): string {
  const where = namespace === "coder-system" ? "" : ` -n ${namespace}`;
  return `${wait ? "coder-k8s is up" : "coder-k8s is applied, and not waited for"}, in ${namespace}:
  controllers       reconcile codercontrolplanes, coderprovisioners, coderworkspaceproxies
  aggregated API    kubectl get coderworkspaces,codertemplates -A
  MCP               http://coder-k8s.${namespace}.svc:8090/mcp
                    kubectl -n ${namespace} port-forward service/coder-k8s 8090

Next:
  coder-k8s check after${where}       whether all of it works
  kubectl explain codercontrolplane.spec       what a Coder can be told
  kubectl apply -f - <<EOF                     the first one
  {apiVersion: v1, kind: Namespace, metadata: {name: coder}}
  ---
  {apiVersion: coder.com/v1alpha1, kind: CoderControlPlane, metadata: {name: coder, namespace: coder}, spec: {}}
  EOF
`;
}

function harmlessLines(text: string): string {
  return text.split("\n").map(harmless).join("\n");
}
