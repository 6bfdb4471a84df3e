/** Metrics of the operator, through the API server. */
import type { Pod } from "../../api/kubernetes/types.ts";
import { keyOf } from "../../api/object.ts";
import type { Gatherer } from "../gatherer.ts";
import { isOperator } from "./logs.ts";

const BYTES = 4_000_000;
const PORT = 8_080;

/** `namespaces/<namespace>/metrics/<pod>.txt` */
export async function gatherMetrics(gatherer: Gatherer, pods: readonly Pod[]): Promise<void> {
  await Promise.all(
    pods.filter((pod) => isOperator(pod) && pod.status?.phase === "Running").map(async (pod) => {
      const { namespace, name } = keyOf(pod);
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${
        encodeURIComponent(`${name}:${portOf(pod)}`)
      }/proxy/metrics`;
      const text = await gatherer.tried(
        `metrics of ${namespace}/${name}`,
        (signal) => gatherer.world.raw(path, { maxBytes: BYTES, signal }),
      );
      if (text !== undefined) {
        gatherer.text(`namespaces/${namespace}/metrics/${name}.txt`, "metrics of the operator", 3, text);
      }
    }),
  );
}

function portOf({ spec }: Pod): number {
  const ports = (spec?.containers ?? []).flatMap(({ ports = [] }) => ports);
  return ports.find(({ name }) => name === "metrics")?.containerPort ?? PORT;
}
