/** A proxy as Coder lists it. */
import type { ProxyFacts } from "./coder_facts.ts";
import type { Facts } from "./facts.ts";
import { record, text } from "./foreign.ts";
import type { OwnerView } from "./owner_view.ts";
import { valueOf } from "./seen.ts";

/** Its name in Coder. */
export function nameInCoder({ name, spec, status }: OwnerView): string {
  return text(record(status["registration"])["name"]) || text(record(spec["registration"])["proxyName"]) ||
    text(record(spec["bootstrap"])["proxyName"]) || name;
}

/** What Coder says of it; undefined where that is not known, or it is not there. */
export function ownProxy(facts: Facts, owner: OwnerView): ProxyFacts | undefined {
  const name = nameInCoder(owner);
  return valueOf(facts.coderProxies)?.find((proxy) => proxy.name === name);
}
