/** The Secret that a proxy's pods take their token from: read where it may be, written where it is ours. */
import { CoderWorkspaceProxies } from "../../api/workspace_proxy.ts";
import { Secrets } from "../../api/kubernetes/resources.ts";
import type { Secret } from "../../api/kubernetes/types.ts";
import { keyOf, type ObjectKey } from "../../api/object.ts";
import { shortHash } from "../../kube/apply/canonical_json.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { isNotFound } from "../../kube/errors.ts";
import { applyChild } from "../../operator/children/apply_child.ts";
import { ownSecret, tokenIn } from "../../operator/visit/own_secret.ts";
import { readSecret, secretVersion } from "../../operator/visit/secrets.ts";
import { childLabels } from "../children.ts";
import {
  isRegisteredByOperator,
  type KeptTokens,
  tokenSecretOf,
  type TokenView,
} from "../registration/mod.ts";
import { proxyIdOf } from "../registration/token.ts";
import type { Visit, VisitTools } from "./visit.ts";

/** What was read of one version of a Secret. */
export interface KnownToken {
  readonly name: string;
  readonly version: string;
  readonly view: TokenView;
}

/** Names a token without telling it. */
export function tokenHash(token: string): string {
  return shortHash(["proxy-token", token]);
}

type Reading = Pick<Visit, "key" | "object" | "proxy" | "signal">;
type Tools = Pick<VisitTools, "client" | "kinds" | "keepSecret" | "applier" | "events">;

/**
 * What the Secret of the spec holds, read anew unless `known` is of the version that the cache has. A token that is still
 * in an earlier Secret of ours moves into that of the spec. Throws what the API server refuses.
 */
export async function readToken(
  visit: Reading,
  tools: Tools,
  known?: KnownToken,
): Promise<KnownToken> {
  const { key: { namespace }, proxy } = visit;
  const token = tokenSecretOf(proxy);
  if (token === undefined) return { name: "", version: "", view: { state: "missing" } };
  const secret = { namespace, name: token.name };
  const name = `${token.name} ${token.key}`;
  const version = secretVersion(tools.kinds, secret);
  if (known !== undefined && known.name === name && version !== "" && known.version === version) return known;
  if (!isRegisteredByOperator(proxy)) {
    const read = await readSecret(tools.client, { secret, key: token.key }, visit.signal);
    if ("missing" in read) return { name, version, view: { state: "missing" } };
    tools.keepSecret(read.value);
    return { name, version, view: { state: "held", token: read.value } };
  }
  const own = await readOwn(secret, token.key, visit, tools);
  const view = own.view.state === "missing" ? await moved(visit, tools) ?? own.view : own.view;
  // A token that has just moved is there in a version which is not known yet.
  return { name, version: view === own.view ? own.version : "", view };
}

/** Puts the token into the Secret of the spec, with those to keep. What others added to it stays. */
export async function writeToken(
  token: string,
  visit: Reading,
  tools: Tools,
  kept: KeptTokens = new Map(),
): Promise<void> {
  const { key: { namespace }, object, proxy, signal } = visit;
  tools.keepSecret(token);
  const { name = "", key = "token" } = tokenSecretOf(proxy) ?? {};
  const metadata = { namespace, name };
  const desired: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...metadata, labels: childLabels(proxy) },
    type: "Opaque",
    data: {
      [key]: btoa(token),
      ...Object.fromEntries([...kept].map(([id, each]) => [`${KEPT}${id}`, btoa(each)])),
    },
  };
  await applyChild(Secrets, desired, { object, signal, kind: { type: CoderWorkspaceProxies } }, tools);
}

/** The tokens to keep beside `token`: pods may run with that which it takes the place of. */
export function keptBeside(token: string, before: TokenView | undefined): KeptTokens {
  if (before === undefined || before.state === "foreign") return new Map();
  const kept = new Map(before.kept);
  const old = before.state === "held" ? before.token : "";
  const id = proxyIdOf(old);
  if (id !== undefined) kept.set(id, old);
  kept.delete(proxyIdOf(token) ?? "");
  return kept;
}

/** In front of the ids of proxies, in keys of the Secret. */
const KEPT = "token-";

function keptIn(live: Secret): KeptTokens {
  const found = Object.keys(live.data ?? {}).flatMap((key): [string, string][] => {
    const token = key.startsWith(KEPT) ? tokenIn(live, key) : "";
    const id = proxyIdOf(token);
    return id !== undefined && key === `${KEPT}${id}` ? [[id, token]] : [];
  });
  return new Map(found);
}

/** The content of a Secret that is not ours is never looked at. */
async function readOwn(
  secret: ObjectKey,
  key: string,
  { object, signal }: Reading,
  { client, keepSecret }: Tools,
): Promise<Pick<KnownToken, "version" | "view">> {
  let live: Secret;
  try {
    live = await client.get(Secrets, secret, { signal });
  } catch (error) {
    if (isNotFound(error)) return { version: "", view: { state: "missing" } };
    throw error;
  }
  const version = `${live.metadata.uid ?? ""} ${live.metadata.resourceVersion ?? ""}`.trim();
  const found = ownSecret(live, object);
  if (found.state === "foreign") return { version, view: found };
  if (found.state === "none") return { version, view: { state: "missing" } };
  const [token, kept] = [tokenIn(live, key), keptIn(live)];
  keepSecret(...[token, ...kept.values()].filter((each) => each !== ""));
  return { version, view: token === "" ? { state: "missing", kept } : { state: "held", token, kept } };
}

/** The spec names another Secret than before: what the old one holds is as good as ever. */
async function moved(visit: Reading, tools: Tools): Promise<TokenView | undefined> {
  const { key: { namespace }, object, proxy } = visit;
  const wanted = tokenSecretOf(proxy)?.name;
  const id = registeredId(visit, tools);
  if (id === undefined) return undefined;
  for (const secret of tools.kinds.secrets.list({ namespace, labels: childLabels(proxy) })) {
    if (secret.metadata.name === wanted || !isControlledBy(secret, object)) continue;
    const { view } = await readOwn(keyOf(secret), "token", visit, tools);
    if (view.state === "foreign") continue;
    const isHeld = view.state === "held" && proxyIdOf(view.token) === id;
    const token = isHeld ? view.token : view.kept?.get(id);
    if (token === undefined) continue;
    const kept = keptBeside(token, view);
    await writeToken(token, visit, tools, kept);
    return { state: "held", token, kept };
  }
  return undefined;
}

/** Of the registration on record, which this very visit may have put there; in small letters. */
function registeredId({ key, object, proxy }: Reading, { kinds }: Tools): string | undefined {
  const live = kinds.workspaceProxies.get(key);
  const isSame = live !== undefined && live.metadata.uid === object.metadata.uid;
  return ((isSame ? live.status : undefined) ?? proxy.status).registration?.id?.toLowerCase();
}
