/** Looks for what leads to pods from outside: Service, Ingress or route, and who serves it. */
import { HTTPRoutes } from "../../api/gateway.ts";
import { Ingresses, Services } from "../../api/kubernetes/resources.ts";
import type { KubeObject, ResourceType } from "../../api/object.ts";
import { list, record, text, textRecord, texts } from "../foreign.ts";
import type { IngressClassFacts, RouteFacts } from "../kubernetes_facts.ts";
import type { Looker } from "../look.ts";
import type { OwnerView } from "../owner_view.ts";
import { isReadyPod, podView } from "../pods/pod_view.ts";
import { valueOf } from "../seen.ts";

const IngressClasses: ResourceType<KubeObject> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  namespaced: false,
};
const DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class";

/** Fills in `service`, and `ingress` or `routes`. Never rejects. */
export async function collectExposure(looker: Looker, owner: OwnerView, child: string): Promise<void> {
  const { ingress, gateway } = record(owner.spec["expose"]);
  await Promise.all([
    serviceOf(looker, owner.namespace, child),
    ...(ingress === undefined ? [] : [ingressOf(looker, owner.namespace, child)]),
    ...(gateway === undefined ? [] : [routeOf(looker, owner.namespace, child)]),
  ]);
}

/** Fills in `endpoints`, from the Service's selector and the pods: no request. Needs `service` and `pods`. */
export function concludeEndpoints(looker: Looker): void {
  const facts = looker.facts();
  const service = record(valueOf(facts.service));
  const pods = valueOf(facts.pods);
  const selector = Object.entries(textRecord(record(service["spec"])["selector"]));
  if (pods === undefined || selector.length === 0) return;
  const reached = pods.map(podView).filter(({ labels, deletingSince }) =>
    deletingSince === 0 && selector.every(([key, value]) => labels[key] === value)
  );
  const ready = reached.filter(isReadyPod).length;
  const name = text(record(service["metadata"])["name"]);
  looker.set("endpoints", {
    state: "seen",
    value: { service: name, ready, notReady: reached.length - ready },
  });
}

async function serviceOf(looker: Looker, namespace: string, name: string): Promise<void> {
  await looker.look(
    "service",
    `get Service ${namespace}/${name}`,
    () => looker.get(Services, { namespace, name }),
  );
}

async function ingressOf(looker: Looker, namespace: string, name: string): Promise<void> {
  await looker.look(
    "ingress",
    `get Ingress ${namespace}/${name}`,
    () => looker.get(Ingresses, { namespace, name }),
  );
}

/** What fills in `ingressClasses`, where no controller took the Ingress; needs `ingress`. */
export function collectIngressClasses(looker: Looker): (() => Promise<void>)[] {
  const ingress = valueOf(looker.facts().ingress);
  const addresses = list(record(record(record(ingress)["status"])["loadBalancer"])["ingress"]);
  if (ingress === undefined || addresses.length > 0) return [];
  return [async () => {
    await looker.look(
      "ingressClasses",
      "list ingress classes",
      async () => (await looker.list(IngressClasses)).map(classFacts),
    );
  }];
}

function classFacts({ metadata }: KubeObject): IngressClassFacts {
  const { name, annotations } = record(metadata);
  return { name: text(name), isDefault: textRecord(annotations)[DEFAULT_CLASS] === "true" };
}

async function routeOf(looker: Looker, namespace: string, name: string): Promise<void> {
  await looker.look("routes", `get HTTPRoute ${namespace}/${name}`, async () => {
    return [routeFacts(await looker.get(HTTPRoutes, { namespace, name }))];
  });
}

/** What a route's parents say of it as it is now; older words are left out. */
export function routeFacts(route: unknown): RouteFacts {
  const { metadata, spec, status } = record(route);
  const meta = record(metadata);
  const generation = Number(meta["generation"] ?? 0);
  const namespace = text(meta["namespace"]);
  return {
    name: text(meta["name"]),
    namespace,
    hostnames: texts(record(spec)["hostnames"]),
    parents: list(record(status)["parents"]).map(record).map(({ parentRef, conditions }) => {
      const ref = record(parentRef);
      return {
        name: `${text(ref["namespace"]) || namespace}/${text(ref["name"])}`,
        conditions: list(conditions).map(record)
          .filter(({ observedGeneration }) => Number(observedGeneration ?? generation) >= generation)
          .map(({ type, status, reason, message }) => ({
            type: text(type),
            status: text(status),
            reason: text(reason),
            message: text(message),
          })),
      };
    }),
  };
}
