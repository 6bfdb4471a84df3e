/** Services: how something is reached. */
import { z } from "zod";
import { Services } from "../../api/kubernetes/resources.ts";
import { cutText } from "../answers/lines.ts";
import { compactText } from "../answers/text.ts";
import { fenced } from "../answers/untrusted.ts";
import { nameInput, namespaceInput, readTool, type ToolCall } from "../tool.ts";
import { getObject, target } from "./reading.ts";

const PORT = z.object({
  name: z.string().optional(),
  port: z.int(),
  targetPort: z.string().optional(),
  nodePort: z.int().optional(),
  protocol: z.string().optional(),
});

/** The whole object as somebody applied it: everything that is wanted of it is shown anyway. */
const UNSHOWN = "kubectl.kubernetes.io/last-applied-configuration";
const MOST_ANNOTATIONS = 50;
const MOST_BYTES = 512;

/** `get_service_status` */
export const getServiceStatus = readTool({
  name: "get_service_status",
  description: "Addresses and ports of a Service",
  toolset: "core",
  input: z.object({ namespace: namespaceInput(), name: nameInput() }),
  output: z.object({
    name: z.string(),
    namespace: z.string(),
    type: z.string(),
    clusterIP: z.string().optional(),
    addresses: z.array(z.string()).optional().describe("From outside"),
    ports: z.array(PORT),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  idempotent: true,
  text: ({ annotations, ...rest }) =>
    annotations === undefined
      ? compactText(rest)
      : `${compactText(rest)}\n${fenced("annotations of the service", compactText(annotations))}`,
  async read(input, call) {
    const { key, text } = target(input);
    const { metadata, spec = {}, status } = await getObject(call, Services, key, `get service ${text}`);
    const balanced = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => hostname ?? ip ?? "");
    const addresses = [...balanced, ...spec.externalIPs ?? [], spec.externalName ?? ""]
      .filter((address) => address !== "");
    if (spec.type === "LoadBalancer" && balanced.length === 0) {
      call.warn("the load balancer has given it no address yet");
    }
    return {
      ...key,
      type: spec.type ?? "ClusterIP",
      clusterIP: spec.clusterIP || undefined,
      ...(addresses.length === 0 ? {} : { addresses: [...new Set(addresses)] }),
      ports: (spec.ports ?? []).map(({ name, port, targetPort, nodePort, protocol }) => ({
        name,
        port,
        targetPort: targetPort === undefined ? undefined : String(targetPort),
        nodePort,
        protocol,
      })),
      ...shown(metadata.annotations, call.warn),
    };
  },
});

/** Secrets in them are taken out as in every answer. */
function shown(
  annotations: Readonly<Record<string, string>> | undefined,
  warn: ToolCall["warn"],
): { annotations?: Record<string, string> } {
  const all = Object.entries(annotations ?? {}).filter(([name]) => name !== UNSHOWN);
  if (all.length === 0) return {};
  const some = all.sort(([a], [b]) => a < b ? -1 : 1).slice(0, MOST_ANNOTATIONS);
  if (some.length < all.length) warn(`${all.length - some.length} more annotations are not shown`);
  return { annotations: Object.fromEntries(some.map(([name, value]) => [name, cutText(value, MOST_BYTES)])) };
}
