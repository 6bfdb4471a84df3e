/** What writes need of the world, put together. */
import type { NamespaceStates } from "../../aggregated/namespaces.ts";
import type { WriteWorld } from "../../aggregated/resources/write_world.ts";
import type { BuildWait } from "../../actions/templates/mod.ts";
import type { SourceReader } from "../../sources/mod.ts";
import { sleep } from "../../telemetry/clock.ts";
import type { Config } from "../config.ts";
import type { Audit } from "./audit.ts";
import type { SecretReader } from "./secret_value.ts";
import type { Beside } from "./server.ts";
import { firstContents } from "./sources.ts";
import type { Workbenches } from "./workbenches.ts";

/** How imports of templates are waited for, by `CODER_K8S_TEMPLATE_BUILD_*`. */
export function buildWait(config: Config): BuildWait {
  return {
    timeoutMs: config.templateBuildWaitTimeout,
    backoffAfterMs: config.templateBuildBackoffAfter,
    initialMs: config.templateBuildInitialPollInterval,
    maxMs: config.templateBuildMaxPollInterval,
  };
}

/** Names of the namespaces in which something may be served. Empty: all. */
export function servedNames(config: Config): readonly string[] {
  const isStatic = config.app === "aggregated-apiserver" && config.coderUrl !== undefined;
  return isStatic ? [config.coderNamespace ?? ""] : config.namespace;
}

const LOOK_MS = 20;

/** As something that the server waits for. */
export function namespacesBeside(namespaces: NamespaceStates): Beside {
  return {
    name: "namespaces",
    async whenSynced(signal) {
      while (!namespaces.hasSynced) {
        await sleep(LOOK_MS, signal);
        signal.throwIfAborted();
      }
    },
    run: (signal) => namespaces.run(signal),
  };
}

export interface WorldOptions {
  readonly secrets: SecretReader;
  readonly reader: SourceReader;
  readonly benches: Pick<Workbenches, "bench">;
  readonly namespaces: NamespaceStates;
  readonly audit: Audit;
}

/** See {@linkcode WriteWorld}. */
export function writeWorld(
  { secrets, reader, benches, namespaces, audit }: WorldOptions,
): WriteWorld {
  return {
    audit: audit.request,
    workbench: (backend) => benches.bench(backend).workbench,
    keeping: (backend) => benches.bench(backend).keeping,
    namespaceState: (namespace, signal) => namespaces.state(namespace, signal),
    isActive: (namespace) => namespaces.isActive(namespace),
    secretValue: secrets.value,
    mayGetSecret: secrets.check,
    readSource: firstContents(reader, secrets),
  };
}
