/** For tests: Kubernetes and Coder as the tools of the platform need them. */
import { keyOf, keyText, type KubeObject } from "../../api/object.ts";
import type { CoderClient } from "../../coder/mod.ts";
import type { PatchBody, WriteOptions } from "../../kube/client.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import type { CallerCluster, CallerCoders, CoderChoice, CoderSession } from "../../caller/types.ts";
import { ToolError } from "../errors.ts";
import { memoryCluster, type MemoryWorld, refusal } from "./kubernetes_testing.ts";

export interface PlatformCluster extends CallerCluster {
  readonly asked: string[];
  /** As `<namespace>/<name> <annotations>`, dry runs with `(dry run)` after it. */
  readonly patched: string[];
}

export interface PlatformWorld extends Omit<MemoryWorld, "objects"> {
  readonly objects?: readonly KubeObject[];
  /** What lists lack. */
  readonly missing?: readonly string[];
}

/** Merge-patches of annotations are carried out on the objects themselves, where the UID is theirs. */
export function platformCluster({ objects = [], missing = [], refuse, ...world }: PlatformWorld = {}) {
  const patched: string[] = [];
  const memory = memoryCluster({ ...world, objects, ...(refuse === undefined ? {} : { refuse }) });
  const cluster: PlatformCluster = {
    ...memory,
    patched,
    missing: () => missing,
    // deno-lint-ignore require-await -- refusals are rejections
    async patch(type, key, patch: PatchBody, { dryRun = false }: WriteOptions = {}) {
      const error = refuse?.(`patch ${type.plural} ${keyText(key)}`);
      if (error !== undefined) throw error;
      const found = objects.find((one) => one.kind === type.kind && keyText(keyOf(one)) === keyText(key));
      if (found === undefined) throw refusal(404, "NotFound");
      const { metadata } = patch.body as { metadata: KubeObject["metadata"] };
      if (metadata.uid !== found.metadata.uid) {
        throw refusal(422, "Invalid", "metadata.uid: field is immutable");
      }
      patched.push(
        `${keyText(key)} ${JSON.stringify(metadata.annotations)}${dryRun ? " (dry run)" : ""}`,
      );
      if (!dryRun) found.metadata.annotations = { ...found.metadata.annotations, ...metadata.annotations };
      return found as never;
    },
  };
  return cluster;
}

/** Never answers anything, and hears no signal. */
export function silentCluster(): CallerCluster {
  const never = () => new Promise<never>(() => {});
  return {
    get: never,
    list: never,
    watch: never,
    create: never,
    update: never,
    patch: never,
    delete: never,
    text: never,
    may: never,
    missing: () => [],
  };
}

export interface PlatformCoders extends CallerCoders {
  /** What was asked for when one was opened. */
  readonly needs: AccessRequest[];
}

export interface TestedCoder {
  /** `<namespace>/<control plane>` */
  readonly id: string;
  /** What opening it yields, or why it cannot be. */
  readonly open: CoderClient | Error | (() => Promise<CoderClient>);
  /** @default {"caller"} */
  readonly as?: CoderSession["as"];
}

/** Coders that are what a test says. `refusesOperator`: nobody gets the operator's access. */
export function platformCoders(
  coders: readonly TestedCoder[],
  options: { readonly refusesOperator?: boolean } = {},
): PlatformCoders {
  const needs: AccessRequest[] = [];
  const refOf = ({ id }: TestedCoder) => {
    const [namespace = "", controlPlane = ""] = id.split("/");
    return { id, namespace, controlPlane };
  };
  return {
    needs,
    list: () => Promise.resolve(coders.map(refOf)),
    async open({ namespace, controlPlane, as }: CoderChoice, need) {
      needs.push(need);
      const coder = coders.find(({ id }) => id === `${namespace}/${controlPlane ?? "main"}`);
      if (coder === undefined) {
        throw new ToolError("not_found", `no Coder is known in namespace ${namespace}`);
      }
      if (as === "operator" && options.refusesOperator === true) throw new ToolError("forbidden", "not you");
      if (coder.open instanceof Error) throw coder.open;
      const client = typeof coder.open === "function" ? await coder.open() : coder.open;
      return { ref: refOf(coder), client, as: as ?? coder.as ?? "caller" };
    },
  };
}
