/** One look at a proxy's registration: the way to Coder, what is to be done, and what pods may run with afterwards. */
import { hasPods } from "../../operator/visit/controller.ts";
import { tokenOf } from "../connection.ts";
import { isHeldForCoder } from "../ending.ts";
import { primaryUrl } from "../pod_template.ts";
import {
  isRegisteredByOperator,
  recordOf,
  type RegistrationRecord,
  settle,
  type Settled,
  tokenSecretOf,
  wantedRegistration,
} from "../registration/mod.ts";
import { NO_TOKEN, type Report, TOKEN_ANNOTATION } from "../results.ts";
import { proxyIdOf } from "../registration/token.ts";
import type { ProxyMemory } from "./memory.ts";
import { portsOf } from "./ports.ts";
import type { PrimaryAddresses } from "./primary_address.ts";
import { isUnused } from "./rolled_out.ts";
import { RecordChangedError } from "./stored_record.ts";
import { readToken, tokenHash, writeToken } from "./token_secret.ts";
import type { Visit, VisitTools } from "./visit.ts";
import { openWanted, type WantedCoder } from "./ways.ts";
import { REGISTERED, saySettled } from "./words.ts";

/** What looks share. */
export interface LookParts {
  readonly memory: ProxyMemory;
  readonly addresses: PrimaryAddresses;
}

/** Nothing is to be done before something changes, which wakes the visit: in milliseconds. */
const ON_CHANGE_MS = 600_000;
/** How often pods that end, and use an earlier registration, are looked at, in milliseconds. */
const PODS_END_MS = 15_000;
/** How soon what could not be removed is tried again, in milliseconds. */
const LEFTOVER_MS = 60_000;
/** How soon a record that others changed is looked at again, in milliseconds. */
const CHANGED_MS = 1_000;

/** Looks, and says how it is. Returns when the next look is due, in milliseconds. Throws what went wrong. */
export async function look(
  visit: Visit,
  tools: VisitTools,
  report: Report,
  parts: LookParts,
): Promise<number | undefined> {
  const { memory } = parts;
  const { proxy } = visit;
  if (!isRegisteredByOperator(proxy)) return await letGo(visit, tools, report, memory);
  memory.secret = await readToken(visit, tools, memory.secret);
  if (!isHeldForCoder(visit.object)) {
    return wait(report, "FinalizerMissing", "The proxy is registered once its finalizer is there");
  }
  if (isUnmarked(visit) && memory.secret.view.state !== "foreign") {
    visit.token = tokenInUse(visit, memory) ?? noToken(visit);
    return wait(report, "TakingOver", "What the pods run with is written down before anything changes");
  }
  const news: { address?: string | undefined; settled: boolean } = { settled: false };
  try {
    const coder = await openWanted(visit, tools);
    news.address = await addressOf(visit, coder, parts);
    const settled = await settleAt(visit, tools, coder, memory);
    news.settled = true;
    if (settled.proxy !== undefined) memory.seen = { proxy: settled.proxy, at: tools.now().getTime() };
    await forgetKept(visit, tools, memory, settled);
    saySettled(report, settled, { redact: tools.redact, running: hasPods(visit.deployment) });
    return nextLook(settled, memory.lookAgainMs ?? LEFTOVER_MS);
  } catch (error) {
    if (!(error instanceof RecordChangedError)) throw error;
    visit.log.info("the record of the registration is looked at again", { reason: error.message });
    return CHANGED_MS;
  } finally {
    keepPods(visit, tools, memory, news);
  }
}

/** The operator is to register nothing: what it registered goes, unless the pods use it all the same. */
async function letGo(
  visit: Visit,
  tools: VisitTools,
  report: Report,
  memory: ProxyMemory,
): Promise<number | undefined> {
  visit.primaryURL = undefined;
  visit.token = undefined;
  memory.seen = undefined;
  const settled = await settleAt(visit, tools, undefined, memory);
  saySettled(report, settled, { redact: tools.redact, running: false });
  return nextLook(settled, undefined);
}

async function settleAt(
  visit: Visit,
  tools: VisitTools,
  coder: WantedCoder | undefined,
  memory: ProxyMemory,
): Promise<Settled> {
  const { object, proxy, signal } = visit;
  const wanted = coder === undefined ? undefined : wantedRegistration(proxy, coder.access);
  const open = coder === undefined || wanted === undefined ? undefined : { place: wanted.place, coder };
  const input = {
    uid: object.metadata.uid ?? "",
    wanted,
    record: recordOf(proxy.status),
    rolledOut: (secret: Parameters<typeof isUnused>[1]) => isUnused(visit, secret, tools.client),
    memory: memory.registration,
  };
  return await settle(input, portsOf(visit, tools, { memory, wanted: open }), { signal, now: tools.now });
}

/** Nobody needs the tokens of earlier registrations any more: they leave the Secret. */
async function forgetKept(
  visit: Visit,
  tools: VisitTools,
  { secret }: ProxyMemory,
  { record }: Settled,
): Promise<void> {
  if (secret?.view.state !== "held" || (secret.view.kept?.size ?? 0) === 0) return;
  if (record.formerRegistrations !== undefined || !await isUnused(visit, secret.view, tools.client)) return;
  await writeToken(secret.view.token, visit, tools);
}

/** The address that pods are given with the token of this Coder. */
async function addressOf(
  { proxy, signal }: Visit,
  coder: WantedCoder | undefined,
  { addresses }: LookParts,
): Promise<string | undefined> {
  const given = primaryUrl(proxy, undefined);
  if (given !== undefined || coder?.access === undefined) return given;
  return await addresses.of(coder.access.key, coder, signal);
}

function nextLook({ leftovers, record }: Settled, usualMs: number | undefined): number | undefined {
  const { formerRegistrations = [] } = record;
  const waits = [
    ...(usualMs === undefined ? [] : [usualMs]),
    ...leftovers.map(({ retryAfterMs = LEFTOVER_MS }) => retryAfterMs),
    ...(formerRegistrations.length > leftovers.length ? [PODS_END_MS] : []),
  ];
  return waits.length === 0 ? undefined : Math.max(CHANGED_MS, Math.min(...waits));
}

/**
 * Pods of another operator, which took their token from the very Secret that we keep: nobody has written down yet which
 * token that was. Until the pass has done that, a new token would go unnoticed.
 */
function isUnmarked({ deployment, proxy }: Visit): boolean {
  return deployment !== undefined && deployment.metadata.annotations?.[TOKEN_ANNOTATION] === undefined &&
    tokenOf(deployment)?.name === tokenSecretOf(proxy)?.name;
}

/** Whatever came of the look: address and token for pods, which belong together. */
function keepPods(
  visit: Visit,
  tools: VisitTools,
  memory: ProxyMemory,
  { address, settled }: { address?: string | undefined; settled: boolean },
): void {
  const { key, object, proxy } = visit;
  const live = tools.kinds.workspaceProxies.get(key);
  const isSame = live !== undefined && live.metadata.uid === object.metadata.uid;
  const record = recordOf((isSame ? live.status : undefined) ?? proxy.status);
  if (!isOnRecord(record, memory)) return;
  // What is in a Secret of an earlier time may be a token from before the one that the pods have.
  if (!settled && isElsewhere(visit)) return;
  visit.token = tokenInUse(visit, memory) ?? visit.token;
  if (!isOfWantedCoder(visit, record)) return;
  visit.primaryURL = address ?? primaryUrl(proxy, visit.primaryURL);
}

/** The pods take their token from another Secret than that of the spec. */
function isElsewhere({ deployment, proxy }: Visit): boolean {
  const [used, wanted] = [tokenOf(deployment), tokenSecretOf(proxy)];
  return used !== undefined && (used.name !== wanted?.name || used.key !== wanted.key);
}

/** The token in the Secret is that of the registration: any other one may be of one that is gone. */
function isOnRecord({ registered, registration }: RegistrationRecord, { secret }: ProxyMemory): boolean {
  // The Go operator did not write down which one it is.
  if (registration === undefined) return registered === true;
  return secret?.view.state === "held" && proxyIdOf(secret.view.token) === registration.id.toLowerCase();
}

/** The registration is at the Coder that the spec names. */
function isOfWantedCoder({ key, proxy: { spec } }: Visit, { registration }: RegistrationRecord): boolean {
  // That of the Go operator always is.
  if (registration === undefined) return true;
  const { controlPlaneName, controlPlaneNamespace, coderURL } = registration;
  const { bootstrap, controlPlaneRef } = spec;
  if (controlPlaneRef === undefined) {
    return controlPlaneName === undefined && coderURL === bootstrap?.coderURL.trim();
  }
  return controlPlaneName === controlPlaneRef.name &&
    controlPlaneNamespace === (controlPlaneRef.namespace || key.namespace);
}

function tokenInUse({ proxy }: Visit, { secret }: ProxyMemory): Visit["token"] {
  const wanted = tokenSecretOf(proxy);
  if (wanted === undefined || secret?.view.state !== "held") return undefined;
  return { ...wanted, hash: tokenHash(secret.view.token) };
}

function noToken({ proxy }: Visit): Visit["token"] {
  const wanted = tokenSecretOf(proxy);
  return wanted && { ...wanted, hash: NO_TOKEN };
}

function wait(report: Report, reason: string, message: string): number {
  report.condition({ type: REGISTERED, status: "Unknown", reason, message });
  return ON_CHANGE_MS;
}
