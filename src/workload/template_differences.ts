/** What would change in a pod template, in words. Values are never shown: environment variables may be secret. */
import type { Deployment, EnvVar, PodTemplateSpec } from "../api/kubernetes/types.ts";
import { type Difference, differences } from "../kube/apply/contains.ts";
import { withoutDefaults } from "./template_defaults.ts";

/**
 * The changes that applying `desired` would make to the pod template `live`, such as
 * `changes containers[name=coder].image`. Empty: none, so that no pod would be replaced. Defaults that the API server
 * adds are no changes, nor are labels and annotations that only `live` has: they are somebody else's.
 */
export function templateDifferences(live: PodTemplateSpec, desired: PodTemplateSpec): string[] {
  const own = withoutForeignMetadata(withoutDefaults(live), desired);
  const forward = differences(deployment(live), deployment(desired));
  const backward = differences(deployment(desired), deployment(own));
  const repeated = repeatedEnv(live);
  const words = [
    ...forward.map((each) => each.liveHash === "" ? `adds ${place(each)}` : change(each)),
    ...backward.map((each) => each.liveHash === "" ? `removes ${place(each)}` : change(each)),
    ...repeated.map((name) => `removes the repeated definition of environment variable ${name}`),
  ];
  return [...new Set(words)];
}

function change(difference: Difference): string {
  const text = place(difference);
  return text.endsWith("[order]") ? `reorders ${text.slice(0, -"[order]".length)}` : `changes ${text}`;
}

function place({ path }: Difference): string {
  return path.replace(/^spec\.template\./, "").replace(/^spec\./, "");
}

function deployment(template: PodTemplateSpec): Deployment {
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: {}, spec: { selector: {}, template } };
}

function withoutForeignMetadata(live: PodTemplateSpec, desired: PodTemplateSpec): PodTemplateSpec {
  const labels = common(live.metadata?.labels, desired.metadata?.labels);
  const annotations = common(live.metadata?.annotations, desired.metadata?.annotations);
  return { ...live, metadata: { labels, annotations } };
}

function common(
  live: Readonly<Record<string, string>> = {},
  desired: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return Object.fromEntries(Object.entries(live).filter(([name]) => Object.hasOwn(desired, name)));
}

/** Names that one container defines more than once: an apply cannot say that. */
function repeatedEnv(template: PodTemplateSpec): string[] {
  const containers = [...(template.spec?.initContainers ?? []), ...(template.spec?.containers ?? [])];
  return containers.flatMap(({ env = [] }) => {
    const names = env.map((entry: EnvVar) => entry.name);
    return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  });
}
