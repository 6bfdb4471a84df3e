/** What is known of Coder in this process, once: what the aggregated API and the MCP server both serve. */
import { ParameterRefresher } from "../../aggregated/resources/parameter_refresher.ts";
import { refusalKeeper } from "../../aggregated/resources/refusal_keeper.ts";
import { Resources } from "../../aggregated/resources/resources.ts";
import { workspaceSight } from "../../aggregated/resources/sight.ts";
import { templateStorage, workspaceStorage } from "../../aggregated/resources/storages.ts";
import type { AnyStorage } from "../../aggregated/serving/mod.ts";
import {
  type AuthenticationConfigSource,
  type Authenticator,
  type Authorizer,
  createAuthenticationConfig,
  createAuthenticator,
  createAuthorizer,
  createTokenReviewer,
  createWorkspaceSight,
} from "../../identity/mod.ts";
import type { Backends } from "../../inventory/mod.ts";
import type { RestClient } from "../../kube/rest/rest_client.ts";
import { createNamespaceStates } from "../../aggregated/namespaces.ts";
import { createKeepings } from "../../shadow/mod.ts";
import { createSourceReader } from "../../sources/mod.ts";
import type { Core } from "../part.ts";
import { createAudit } from "./audit.ts";
import { servedBackends } from "./backends.ts";
import { inventoryMetrics } from "./metrics.ts";
import { createSecretReader } from "./secret_value.ts";
import type { Beside } from "./server.ts";
import { sourceFollower } from "./sources.ts";
import { Workbenches } from "./workbenches.ts";
import { buildWait, namespacesBeside, servedNames, writeWorld } from "./world.ts";

/** One of each in the process. */
export interface AggregatedWorld {
  /** For reviews, and for what is kept: with connections and a rate of its own. */
  readonly client: RestClient;
  readonly authentication: AuthenticationConfigSource;
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly resources: Resources;
  readonly backends: Backends;
  /** Workspaces and templates. */
  readonly storages: readonly AnyStorage[];
  /** What runs as long as they are served. */
  readonly beside: readonly Beside[];
  close(): void;
}

const worlds = new WeakMap<Core, AggregatedWorld>();

/** That of a process; nothing runs before its `beside` do. */
export function aggregatedWorld(core: Core): AggregatedWorld {
  let world = worlds.get(core);
  if (world === undefined) worlds.set(core, world = makeWorld(core));
  return world;
}

function makeWorld(core: Core): AggregatedWorld {
  const { config, metrics } = core;
  const log = core.log.child({ part: "aggregated-apiserver" });
  // Connections and a rate of their own: a review must never wait behind the controllers' calls.
  const client = core.client.separate();
  // Whoever sends tokens, good or not, must not be able to keep others waiting for what they may do.
  const tokens = core.client.separate();
  const authentication = createAuthenticationConfig({ client, log });
  const authorize = createAuthorizer({ client, log, metrics });
  const names = servedNames(config);
  const namespaces = createNamespaceStates({ client, names, cache: core.cache, log });
  const keepings = createKeepings({ client, namespaces: names, log, metrics });
  const resources: Resources = new Resources({
    log,
    isEnding: (namespace) => namespaces.isEnding(namespace),
    overlay: (backend, kind, id) => benches.overlay(backend, kind, id),
  });
  const audit = createAudit(log, metrics);
  const secrets = createSecretReader({ client, authorize, keepSecret: (value) => core.redactor.add(value) });
  const reader = createSourceReader();
  const benches: Workbenches = new Workbenches({
    keepings,
    listener: resources,
    audit,
    onRefused: refusalKeeper,
    retell: (owner, kind, id) => resources.retell(owner, kind, id),
    wait: buildWait(config),
    beside: async (bench, signal) => {
      const { workspaces: view } = resources;
      const follower = sourceFollower(bench, { reader, secrets, log });
      const unsubscribe = keepings.subscribe((owner, { kind }) => {
        if (owner === bench.backend.id && kind === "templates") follower.wake();
      });
      await Promise.all([
        new ParameterRefresher({ ...bench, view, log }).run(signal),
        follower.run(signal),
      ]);
      unsubscribe();
    },
    log,
  });
  namespaces.subscribe(() => resources.changed());
  keepings.subscribe((owner, { kind, id }) => resources.retell(owner, kind, id));
  const backends = servedBackends(core, client, benches, log);
  resources.of(backends);
  benches.of(backends);
  inventoryMetrics(metrics, backends);
  const { coderUserMapping: mapping, coderUserPrefix: prefix } = config;
  const sight = workspaceSight(createWorkspaceSight(authorize, { mapping, prefix }), resources);
  const world = writeWorld({ secrets, reader, benches, namespaces, audit });
  return {
    client,
    authentication,
    authenticate: createAuthenticator({
      config: authentication,
      reviewToken: createTokenReviewer({ client: tokens }),
      log,
      metrics,
    }),
    authorize,
    resources,
    backends,
    storages: [workspaceStorage(resources, sight, {}, world), templateStorage(resources, {}, world)],
    beside: [
      namespacesBeside(namespaces),
      {
        name: "what is kept beside Coder",
        whenSynced: (signal) => keepings.whenSynced(signal),
        run: (signal) => keepings.run(signal),
      },
      {
        name: "what goes on with Coders",
        whenSynced: () => Promise.resolve(),
        run: (signal) => benches.run(signal),
      },
    ],
    close() {
      client.close();
      tokens.close();
    },
  };
}
