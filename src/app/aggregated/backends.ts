/** Whose workspaces and templates are served: those of the Coder that flags name, or of all control planes. */
import { keyText } from "../../api/object.ts";
import {
  type Backends,
  type BackendsListener,
  controlPlaneBackends,
  readToken,
  staticBackends,
} from "../../inventory/mod.ts";
import type { KubeClient } from "../../kube/client.ts";
import { readableControlPlane } from "../../operator/visit/control_plane_ref.ts";
import { coderAddress } from "../../operator/visit/reach.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { controlPlaneKind } from "../../workload/kinds.ts";
import type { Core } from "../part.ts";
import { givenSessionToken } from "../session_token.ts";

/** Makes them; nothing is read or asked before they run. */
export function servedBackends(
  core: Core,
  client: Pick<KubeClient, "get">,
  listener: BackendsListener,
  log: Logger,
): Backends {
  const { config } = core;
  const isStatic = config.app === "aggregated-apiserver" && config.coderUrl !== undefined;
  return isStatic
    ? oneBackend(core, config.coderUrl, listener, log)
    : controlPlanes(core, client, listener, log);
}

/** How copies are made. */
function copies({ config, metrics }: Core) {
  return {
    pollMs: config.coderPollInterval,
    jitter: config.coderPollJitter,
    requestTimeoutMs: config.coderRequestTimeout,
    metrics,
  };
}

function oneBackend(core: Core, url: string, listener: BackendsListener, log: Logger): Backends {
  const { config, redactor, coder } = core;
  return staticBackends({
    // The command line has checked that it is there.
    namespace: config.coderNamespace ?? "",
    listener,
    async open() {
      const token = await givenSessionToken(config);
      if (token === undefined) throw new Error("there is no session token: give --coder-session-token-file");
      redactor.add(token);
      return coder.deployments.client("static", { url }, token);
    },
    copy: { ...copies(core), log },
  });
}

function controlPlanes(
  core: Core,
  client: Pick<KubeClient, "get">,
  listener: BackendsListener,
  log: Logger,
): Backends {
  const { config, cache, redactor, coder: { deployments, reach } } = core;
  // Where controllers work, their visits use the same connections, and end them.
  const areVisited = config.app === "all";
  return controlPlaneBackends({
    controlPlanes: controlPlaneKind(cache, config.namespace),
    listener,
    readToken: (reference, signal) => readToken(client, reference, signal),
    connect(object, _url, token) {
      const key = { namespace: object.metadata.namespace ?? "", name: object.metadata.name ?? "" };
      const controlPlane = readableControlPlane(object);
      if (controlPlane === undefined) {
        throw new Error(`CoderControlPlane ${keyText(key)} has a spec that cannot be read`);
      }
      return deployments.client(keyText(key), coderAddress(key, controlPlane, reach), token);
    },
    keepSecret: (token) => redactor.add(token),
    ...(areVisited ? {} : { forget: (key) => deployments.forget(keyText(key)) }),
    copies: copies(core),
    log,
  });
}
