/** Whether coordinator and workers, which are installed apart, find each other as they are in the cluster. */
import { z } from "zod";
import type { KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isForbidden, isNotFound } from "../../kube/errors.ts";
import { isWorkers, otherCommand, otherNote, type Side } from "../render/sides.ts";
import { typeOf } from "./objects.ts";

const NAMESPACE_NAME = "kubernetes.io/metadata.name";
const WORKERS_PORT = 50_050;

/** A coordinator's policy; what is of another form lets nobody in by name. */
const policy = z.object({
  spec: z.object({
    ingress: z.array(z.object({
      from: z.array(z.object({
        namespaceSelector: z.object({ matchLabels: z.record(z.string(), z.string()).optional() }).optional(),
      })).optional(),
      ports: z.array(z.object({ port: z.union([z.number(), z.string()]).optional() })).optional(),
    })).optional(),
  }),
});

const workers = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({ containers: z.array(z.object({ args: z.array(z.string()).optional() })) }),
    }),
  }),
});

/**
 * What is to be done at the other one of coordinator and workers, for people; undefined where they fit, as far as can be
 * seen: addresses and policies that somebody has written by hand are theirs.
 */
export async function otherSide(
  client: Pick<KubeClient, "get">,
  side: Side,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { namespace, otherNamespace } = side;
  const command = otherCommand(side);
  if (otherNamespace === undefined || command === undefined) return undefined;
  try {
    return isWorkers(side)
      ? await atCoordinator(client, { namespace, there: otherNamespace, command }, signal)
      : await atWorkers(client, { namespace, there: otherNamespace, command }, signal);
  } catch (error) {
    // Who may not look there is told what can be told without.
    if (isForbidden(error)) return otherNote(side);
    throw error;
  }
}

type Client = Pick<KubeClient, "get">;
interface Sides {
  readonly namespace: string;
  readonly there: string;
  readonly command: string;
}

/** Whether the coordinator lets these workers in. */
async function atCoordinator(
  client: Client,
  { namespace, there, command }: Sides,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (await find(client, COORDINATOR, there, signal) === undefined) {
    return `no coordinator is in ${there} yet; to have one there: ${command}`;
  }
  const peers = letIn(await find(client, POLICY, there, signal));
  if (peers === undefined || peers.includes(namespace)) return undefined;
  return `the coordinator in ${there} lets in workers of ${peers.join(", ") || "nobody"}, and not those of ` +
    `${namespace}, which will not connect; to change that: ${command}`;
}

/** Whether the workers dial this coordinator. */
async function atWorkers(
  client: Client,
  { namespace, there, command }: Sides,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const found = await find(client, WORKERS, there, signal);
  if (found === undefined) return `no workers are in ${there} yet; to have them there: ${command}`;
  const dialled = dialledIn(found);
  if (dialled === undefined || dialled === namespace) return undefined;
  return `the workers in ${there} dial a coordinator in ${dialled}, and not the one in ${namespace}; ` +
    `to change that: ${command}`;
}

const COORDINATOR = { apiVersion: "apps/v1", kind: "Deployment", name: "coordinator" };
const POLICY = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", name: "coordinator" };
const WORKERS = { apiVersion: "apps/v1", kind: "StatefulSet", name: "sandbox-worker" };

async function find(
  client: Client,
  { name, ...type }: typeof COORDINATOR,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<KubeObject | undefined> {
  const key = { namespace, name };
  try {
    return await client.get(
      typeOf({ ...type, metadata: key }),
      key,
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Namespaces whose workers may dial; undefined where it is not said by their names. */
function letIn(object: KubeObject | undefined): string[] | undefined {
  const read = policy.safeParse(object);
  const rules = read.data?.spec.ingress?.filter(({ ports }) =>
    ports === undefined ||
    ports.some(({ port }) => port === undefined || port === WORKERS_PORT || port === "grpc")
  );
  if (rules === undefined || rules.some(({ from }) => from === undefined || from.length === 0)) {
    return undefined;
  }
  const names = rules.flatMap(({ from = [] }) =>
    from.map(({ namespaceSelector }) => namespaceSelector?.matchLabels?.[NAMESPACE_NAME])
  );
  return names.includes(undefined) ? undefined : names as string[];
}

/** The namespace in the address of their coordinator; undefined for addresses that have none. */
function dialledIn(object: KubeObject): string | undefined {
  const args = workers.safeParse(object).data?.spec.template.spec.containers.flatMap(({ args = [] }) => args);
  const address = args?.findLast((one) => one.startsWith("--coordinator="));
  return /^--coordinator=https?:\/\/[^./:,]+\.([^./:,]+)\.svc(?:[.:/]|$)/.exec(address ?? "")?.[1];
}
