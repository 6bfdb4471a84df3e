/** The registration of a proxy with Coder: kept as the spec has it, told, and removed in the end. */
import type { BackoffOptions } from "../../operator/visit/failure.ts";
import { periodicStep } from "../../operator/visit/periodic.ts";
import { givesUp, isOrphaning, podsMayRunMs, removalSince } from "../ending.ts";
import {
  isRegisteredByOperator,
  recordOf,
  type RegistrationPorts,
  removeRegistrations,
  wantedRegistration,
} from "../registration/mod.ts";
import { lookInputs } from "./inputs.ts";
import { look } from "./look.ts";
import { ProxyMemories } from "./memory.ts";
import { portsOf } from "./ports.ts";
import { PrimaryAddresses } from "./primary_address.ts";
import type { Visit, VisitStep, VisitTools } from "./visit.ts";
import { BELIEVED_MS, sayFailed } from "./words.ts";

/** Any two tries that follow each other are longer apart than Coder's own limit forgets one. */
const BACKOFF: BackoffOptions = { firstMs: 10_000, longestMs: 300_000 };

/** Makes the step; it remembers what it did for each proxy. */
export function registrationStep({ kinds, now }: Pick<VisitTools, "kinds" | "now">): VisitStep {
  const memories = new ProxyMemories();
  const addresses = new PrimaryAddresses(kinds, now);
  const memoryOf = ({ object }: Visit) => memories.of(object.metadata.uid ?? "");
  const looking = periodicStep<Visit, VisitTools>({
    name: "Registration",
    backoff: BACKOFF,
    inputs: (visit, tools) => lookInputs(visit, tools, memoryOf(visit)),
    ask: async (visit, tools, report) =>
      await look(visit, tools, report, { memory: memoryOf(visit), addresses }),
    failed(visit, tools, report, failure, error) {
      const { seen } = memoryOf(visit);
      const isFresh = seen !== undefined && tools.now().getTime() - seen.at < BELIEVED_MS;
      sayFailed(report, {
        error,
        failure,
        isRegistered: isRegisteredByOperator(visit.proxy) && visit.proxy.status.registered === true,
        seen: isFresh ? seen.proxy : undefined,
        redact: tools.redact,
      });
    },
  });
  return {
    name: looking.name,
    run: (visit, tools) => looking.run(visit, tools),
    end: (visit, tools) => end(visit, tools, memories),
    forget(uid) {
      memories.forget(uid);
      looking.forget?.(uid);
    },
  };
}

/** Removes every registration. Throws as long as something may be left. */
async function end(visit: Visit, tools: VisitTools, memories: ProxyMemories): Promise<void> {
  const { deployment, object, proxy, signal } = visit;
  const memory = memories.of(object.metadata.uid ?? "");
  const now = tools.now();
  if (isOrphaning(object, named(visit, tools))) return;
  if (podsMayRunMs(object, deployment, now) > 0) throw new Error("The pods end first");
  const giveUp = givesUp(object);
  if (memory.end !== undefined && now.getTime() < memory.end.notBefore && !giveUp) {
    throw new Error(memory.end.message);
  }
  const ports = portsOf(visit, tools, { memory });
  const record = recordOf(proxy.status);
  const outcome = await removeRegistrations(
    {
      uid: object.metadata.uid ?? "",
      record,
      legacy: await legacyOf(visit, ports),
      since: removalSince(object, now),
      now,
      giveUp,
    },
    ports,
    signal,
  );
  for (const event of outcome.events) ports.tell(event);
  if (outcome.done) return;
  memory.end = { notBefore: now.getTime() + (outcome.lookAgainMs ?? 0), message: outcome.message };
  await ports.save(outcome.record, signal);
  throw new Error(outcome.message);
}

/** What the Go operator registered is found by name, or by its token. */
async function legacyOf(
  { proxy, signal }: Visit,
  ports: Pick<RegistrationPorts, "readToken">,
): Promise<Parameters<typeof removeRegistrations>[0]["legacy"]> {
  const wanted = wantedRegistration(proxy, undefined);
  return wanted && { wanted, secret: await ports.readToken(signal) };
}

function named({ key, deploymentName }: Visit, { kinds }: VisitTools) {
  return kinds.deployments.get({ namespace: key.namespace, name: deploymentName });
}
