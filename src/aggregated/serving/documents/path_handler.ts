/** Everything that is no resource: discovery, OpenAPI, version, health, metrics. All of it from memory. */
import { isAnonymous, type KubeUser } from "../../../identity/mod.ts";
import type { Health } from "../../../telemetry/health.ts";
import { acceptsJson, parseAccept, prefersYaml } from "../answer/accept.ts";
import type { Answer, Exchange } from "../http/exchange.ts";
import { openApiV2 } from "../openapi/v2.ts";
import { openApiV3 } from "../openapi/v3.ts";
import { methodNotAllowed, notAcceptable, unknownPath } from "../status_errors.ts";
import type { AnyStorage } from "../storage.ts";
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  type GroupVersion,
} from "./discovery.ts";
import { answerFixed, fixedDocument, yamlDocument } from "./fixed_document.ts";
import { createOpenApiV3Handler } from "./openapi_v3_handler.ts";
import { type BuildVersion, versionInfo } from "./version.ts";

export interface PathHandlerOptions {
  readonly served: GroupVersion;
  readonly storages: readonly AnyStorage[];
  readonly version: BuildVersion;
  readonly health: Health;
  /** Absent: there is no `/metrics`. */
  readonly metrics?: { readonly contentType: string; text(): Promise<string> };
}

export type PathHandler = (exchange: Exchange) => Promise<Answer>;

const HEALTH = ["/healthz", "/livez", "/readyz"];
const JSON_TYPE = "application/json";
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** Makes the handler; the documents are written now, once. */
export function createPathHandler(options: PathHandlerOptions): PathHandler {
  const { served, storages, version, health, metrics } = options;
  const { group } = served;
  const root = `/apis/${group}/${served.version}`;
  const openApiV3Handler = createOpenApiV3Handler({
    [root.slice(1)]: openApiV3(served, storages, version),
  });
  const groupList = apiGroupList(served);
  const groups = fixedDocument(groupList);
  const groupsInYaml = yamlDocument(groupList);
  const aggregated = fixedDocument(aggregatedDiscovery(served, storages), AGGREGATED);

  const handlers = new Map<string, PathHandler>([
    ["/apis", (exchange) => Promise.resolve(answerGroups(exchange))],
    [`/apis/${group}`, jsonOrYaml(apiGroup(served))],
    [root, jsonOrYaml(apiResourceList(served, storages))],
    ["/openapi/v2", json(openApiV2(served, storages, version))],
    ["/openapi/v3", openApiV3Handler.index],
    [`/openapi/v3${root}`, openApiV3Handler.document],
    ["/version", json(versionInfo(version))],
    ...HEALTH.map((path) => [path, answerHealth] as const),
  ]);
  if (metrics !== undefined) {
    handlers.set("/metrics", async () => ({
      code: 200,
      body: await metrics.text(),
      contentType: metrics.contentType,
      headers: { "Cache-Control": "no-store" },
    }));
  }
  handlers.set("/", json({ paths: [...handlers.keys()].sort() }));

  function answerGroups({ headers }: Exchange): Answer {
    const vary = { "Vary": "Accept" };
    if (prefersYaml(headers.accept)) return answerFixed(groupsInYaml, { headers }, vary);
    for (const { type, parameters } of parseAccept(headers.accept ?? JSON_TYPE)) {
      if (type !== JSON_TYPE && type !== "application/*" && type !== "*/*") continue;
      const as = parameters.get("as");
      if (as === undefined) return answerFixed(groups, { headers }, vary);
      const isKnown = as === "APIGroupDiscoveryList" && parameters.get("g") === "apidiscovery.k8s.io" &&
        parameters.get("v") === "v2";
      if (isKnown) return answerFixed(aggregated, { headers }, { ...vary, "Cache-Control": "public" });
    }
    throw notAcceptable([JSON_TYPE, AGGREGATED]);
  }

  async function answerHealth({ info, user }: Exchange): Promise<Answer> {
    const query = info.query.toString();
    const url = URL.parse(`http://localhost${info.path}${query === "" ? "" : `?${query}`}`);
    // What was reviewed is the path as it was sent: one that reads as another is none.
    if (url === null || url.pathname !== info.path) throw unknownPath();
    const response = health.handler(new Request(url));
    return {
      code: response.status,
      body: withheld(await response.text(), user),
      contentType: response.headers.get("content-type") ?? "text/plain",
    };
  }

  return (exchange) => {
    const { path, method } = exchange.info;
    // What anybody may read is found with a slash behind it, too; what is reviewed, as it was reviewed alone.
    const plain = path.length > 1 && path.endsWith("/") && path !== "/metrics/" ? path.slice(0, -1) : path;
    const handler = handlers.get(plain) ?? (isHealthPath(path) ? answerHealth : undefined);
    if (handler === undefined) throw unknownPath();
    if (method !== "GET" && method !== "HEAD") {
      throw methodNotAllowed(method.toLowerCase(), `the path ${plain}`);
    }
    return handler(exchange);
  };
}

/** Why a check failed may name objects of the cluster: not for those of whom nothing is known. */
function withheld(text: string, user: KubeUser | undefined): string {
  return user !== undefined && !isAnonymous(user)
    ? text
    : text.replace(/^(\[-\]\S+ failed): .*$/gm, "$1: reason withheld");
}

/** Probes: they are answered however busy the server is. */
export function isHealthPath(path: string): boolean {
  return HEALTH.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}

function json(value: unknown): PathHandler {
  const document = fixedDocument(value);
  return ({ headers }) => {
    if (!acceptsJson(headers.accept)) throw notAcceptable([JSON_TYPE]);
    return Promise.resolve(answerFixed(document, { headers }));
  };
}

function jsonOrYaml(value: unknown): PathHandler {
  const inJson = json(value);
  const inYaml = yamlDocument(value);
  return (exchange) => {
    const { headers } = exchange;
    return prefersYaml(headers.accept) ? Promise.resolve(answerFixed(inYaml, { headers })) : inJson(exchange);
  };
}
