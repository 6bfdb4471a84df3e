/** How much pods ask for, and how much nodes can give. */
import { parseQuantity } from "../../kube/apply/quantity.ts";
import type { Facts } from "../facts.ts";
import { valueOf } from "../seen.ts";
import { list, record, text, textRecord } from "../foreign.ts";
import { type ConditionView, conditionView, type ContainerView, type PodView } from "./pod_view.ts";

/** A quantity as a number; undefined for what is none. */
export function amount(quantity: string | undefined): number | undefined {
  const read = parseQuantity(quantity);
  return read === undefined ? undefined : Number(read.units) / 10 ** read.scale;
}

/** What the scheduler counts: all containers at once, or the greediest init container beside the sidecars. */
export function requestOf(pod: PodView, resource: string): number {
  if (resource === "pods") return 1;
  const of = ({ requests, limits }: ContainerView) => amount(requests[resource] ?? limits[resource]) ?? 0;
  let sidecars = 0;
  let most = 0;
  for (const container of pod.containers) {
    if (container.kind === "sidecar") sidecars += of(container);
    if (container.kind === "init") most = Math.max(most, sidecars + of(container));
  }
  const main = pod.containers.filter(({ kind }) => kind === "main").reduce((sum, one) => sum + of(one), 0);
  return Math.max(most, main + sidecars) + (amount(pod.overhead[resource]) ?? 0);
}

const BYTES = /memory|storage|hugepages/;
/** More of a unit is told in the next one, and rounded. */
const MOST_OF_A_UNIT = 10_000;
const UNITS = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

/** For people: `1500m`, `4`, `16Gi`. */
export function amountText(resource: string, value: number): string {
  if (!BYTES.test(resource)) {
    return Number.isInteger(value) ? String(value) : `${Math.round(value * 1000)}m`;
  }
  let unit = 0;
  let left = value;
  // As people write it: 5000Gi stays that, and 16393244Ki is 15.6Gi.
  while (unit < UNITS.length - 1 && left >= 1024 && (left % 1024 === 0 || left >= MOST_OF_A_UNIT)) {
    left /= 1024;
    unit++;
  }
  return `${Number(left.toFixed(1))}${UNITS[unit]}`;
}

/** A node as rules see it. */
export interface NodeView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
  readonly isCordoned: boolean;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly conditions: readonly ConditionView[];
}

/** A list that is so long may not be all. */
const MOST_NODES = 500;

/** All nodes; empty where they were not read, or not all of them were. */
export function allNodes(facts: Facts): readonly NodeView[] {
  const nodes = list(valueOf(facts.nodes)).map(nodeView);
  return nodes.length < MOST_NODES ? nodes : [];
}

/** Reads a node of any shape. */
export function nodeView(node: unknown): NodeView {
  const { metadata, spec, status } = record(node);
  return {
    name: text(record(metadata)["name"]),
    labels: textRecord(record(metadata)["labels"]),
    taints: list(record(spec)["taints"]).map(record).map(({ key, value, effect }) => ({
      key: text(key),
      value: text(value),
      effect: text(effect),
    })),
    isCordoned: record(spec)["unschedulable"] === true,
    allocatable: textRecord(record(status)["allocatable"]),
    conditions: list(record(status)["conditions"]).map(conditionView),
  };
}
