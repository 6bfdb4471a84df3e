/** Next steps that several rules about pods name. */
import type { Facts } from "../facts.ts";
import { text } from "../foreign.ts";
import { valueOf } from "../seen.ts";
import type { NextStep } from "../types.ts";
import type { PodContainer } from "./pod_facts.ts";

/** A word of a shell, quoted where that is needed. */
export function shellWord(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * It can be a name of Kubernetes' or of a registry's, and no sentence: next steps are read as advice, so that what others
 * wrote must not get into them as words.
 */
export function isName(word: string): boolean {
  return /^[A-Za-z0-9][\w./:@-]{0,252}$/.test(word);
}

/** `kubectl -n lab get pods` of the given words. */
export function kubectl(namespace: string, ...words: readonly string[]): string {
  const where = namespace === "" ? [] : ["-n", namespace];
  return ["kubectl", ...where, ...words].map(shellWord).join(" ");
}

/** All that Kubernetes says of a pod. */
export function describePod(
  { namespace, name }: { readonly namespace: string; readonly name: string },
): NextStep {
  return {
    text: `See what Kubernetes says of pod ${name}.`,
    command: kubectl(namespace, "describe", "pod", name),
    tool: { name: "explain_pod", arguments: { namespace, name } },
  };
}

/** The log of a container. */
export function readLog({ pod, container }: PodContainer, previous: boolean): NextStep {
  const { namespace, name } = pod;
  const log = ["logs", name, "-c", container.name, ...(previous ? ["--previous"] : [])];
  return {
    text: `Read more of the log of ${container.about}.`,
    command: kubectl(namespace, ...log, "--tail=100"),
    tool: {
      name: "get_pod_logs",
      arguments: {
        namespace,
        name,
        container: container.name,
        ...(previous ? { previous } : {}),
        tailLines: 100,
      },
    },
  };
}

/** Any object. */
export function describeObject(kind: string, namespace: string, name: string): NextStep {
  return { text: `See what Kubernetes says of it.`, command: kubectl(namespace, "describe", kind, name) };
}

/**
 * Where what is wrong is corrected: in the template of a workspace, or in the subject's spec.
 *
 * @param what such as `the image`
 */
export function correct(facts: Facts, what: string): NextStep {
  const { kind, namespace, name } = facts.subject;
  if (kind === "workspace") {
    const template = templateOf(facts);
    return template === ""
      ? { text: `Correct ${what} in the workspace's template, and update the workspace.` }
      : {
        text: `Correct ${what} in the template ${template}, push it, and update the workspace.`,
        command: `coder templates pull ${shellWord(template)} ${shellWord(`./${template}`)}`,
      };
  }
  const plural = {
    controlplane: "codercontrolplane",
    provisioner: "coderprovisioner",
    proxy: "coderworkspaceproxy",
  }[kind];
  return {
    text: `Correct ${what} in the spec of ${plural} ${name}.`,
    command: kubectl(namespace, "edit", plural, name),
  };
}

function templateOf(facts: Facts): string {
  return text(valueOf(facts.build)?.workspace?.templateName) ||
    text(valueOf(facts.workspace)?.spec?.templateName).split(".").at(-1)!;
}

/** The tool that tells more of a namespace's warnings. */
export function seeEvents(namespace: string, kind: string, name: string): NextStep {
  return {
    text: `See the events of ${kind} ${name}.`,
    command: kubectl(namespace, "get", "events", `--field-selector=involvedObject.name=${name}`),
    tool: { name: "get_events", arguments: { namespace, kind, name } },
  };
}
