/** Are there admission webhooks that nobody serves, and without which nothing can be made? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import { matchesLabels, selector } from "../label_selector.ts";
import { endpointSlicesPath } from "../names.ts";
import { resourceOf } from "../resource_names.ts";
import { endpointSlice, listOf, metadata, readyAddresses } from "../shapes.ts";
import type { Check, CheckWorld, Finding } from "../types.ts";

const say = sayings("webhooks");
const REGISTRATION = "/apis/admissionregistration.k8s.io/v1";

const webhook = z.object({
  name: z.string(),
  failurePolicy: z.string().catch("Fail"),
  clientConfig: z.object({
    service: z.object({ namespace: z.string(), name: z.string() }).optional().catch(undefined),
  }).catch({}),
  namespaceSelector: selector,
  rules: z.array(z.object({
    apiGroups: z.array(z.string()).catch([]),
    resources: z.array(z.string()).catch([]),
    operations: z.array(z.string()).catch([]),
  })).catch([]),
});
type Webhook = z.infer<typeof webhook>;
const configuration = z.object({ metadata, webhooks: z.array(webhook).catch([]) });

/** Beside the objects of the installation: what the operator and the cluster make for it. */
const MADE_LATER: readonly Wanted[] = [
  { group: "", resource: "pods", isNamespaced: true },
  { group: "", resource: "secrets", isNamespaced: true },
  { group: "coordination.k8s.io", resource: "leases", isNamespaced: true },
  { group: "coder.com", resource: "codercontrolplanes", isNamespaced: true },
  { group: "aggregation.coder.com", resource: "coderworkspaces", isNamespaced: true },
];

interface Wanted {
  readonly group: string;
  readonly resource: string;
  readonly isNamespaced: boolean;
}

export const webhooks: Check = {
  id: "webhooks",
  phases: ["before", "after"],
  async run(world) {
    const labels = await namespaceLabels(world);
    const wanted = wantedOf(world);
    const findings: Finding[] = [];
    for (const plural of ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"]) {
      const reading = await world.read(`${REGISTRATION}/${plural}`, listOf(configuration));
      if (reading.state === "unread") findings.push(say.unread(`The ${plural}`, reading));
      if (reading.state !== "seen") continue;
      for (const { metadata: { name }, webhooks } of reading.value.items) {
        for (const each of webhooks) {
          if (each.failurePolicy === "Ignore" || !concerns(each, wanted, labels)) continue;
          const away = await whyAway(each, world);
          if (away === undefined) continue;
          const resource = plural.replace(/s$/, "");
          findings.push(say.failed(
            `Webhook ${each.name} (${resource} ${name}) is asked before ${
              words(each)
            } are made, and ${away}.`,
            `Mend what serves it, or remove it: kubectl delete ${resource} ${name}`,
          ));
        }
      }
    }
    return findings.length === 0 ? [say.ok("No admission webhook is in the way.")] : findings;
  },
};

/** Labels of the installation's namespace: those it will have, where it is not there. */
async function namespaceLabels(world: CheckWorld): Promise<Readonly<Record<string, string>>> {
  const name = { "kubernetes.io/metadata.name": world.namespace };
  const live = await world.read(`/api/v1/namespaces/${world.namespace}`, z.object({ metadata }));
  if (live.state === "seen") return { ...live.value.metadata.labels, ...name };
  const ours = world.objects.find(({ kind, metadata }) =>
    kind === "Namespace" && metadata.name === world.namespace
  );
  return { ...ours?.metadata.labels, ...name };
}

function wantedOf({ objects }: CheckWorld): readonly Wanted[] {
  return [
    ...objects.map(({ apiVersion, kind, metadata }): Wanted => ({
      group: apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "",
      resource: resourceOf(kind),
      isNamespaced: metadata.namespace !== undefined,
    })),
    ...MADE_LATER,
  ];
}

function concerns(
  { rules, namespaceSelector }: Webhook,
  wanted: readonly Wanted[],
  labels: Readonly<Record<string, string>>,
): boolean {
  const isHere = matchesLabels(namespaceSelector, labels);
  return wanted.some(({ group, resource, isNamespaced }) =>
    (isHere || !isNamespaced) &&
    rules.some(({ apiGroups, resources, operations }) =>
      has(apiGroups, group) && has(resources, resource) &&
      ["CREATE", "UPDATE", "*"].some((operation) => operations.includes(operation))
    )
  );
}

function has(list: readonly string[], value: string): boolean {
  return list.includes("*") || list.includes(value) || list.includes("*/*");
}

function words({ rules }: Webhook): string {
  return [...new Set(rules.flatMap(({ resources }) => resources))].slice(0, 4).join(", ");
}

async function whyAway(
  { clientConfig: { service } }: Webhook,
  world: CheckWorld,
): Promise<string | undefined> {
  // Where it is an address of somewhere else, only the API server knows whether it is reached.
  if (service === undefined) return undefined;
  const { namespace, name } = service;
  const path = endpointSlicesPath(namespace, name);
  const reading = await world.read(path, listOf(endpointSlice));
  if (reading.state === "unread") return undefined;
  const slices = reading.state === "seen" ? reading.value.items : [];
  return readyAddresses(slices) > 0 ? undefined : `its Service ${namespace}/${name} has no ready address`;
}
