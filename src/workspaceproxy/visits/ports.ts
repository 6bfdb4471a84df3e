/** What a registration needs of the world, for one visit. */
import type { RegistrationPorts } from "../registration/mod.ts";
import type { Place } from "../registration/mod.ts";
import type { ProxyMemory } from "./memory.ts";
import { StoredRecord } from "./stored_record.ts";
import { keptBeside, readToken, writeToken } from "./token_secret.ts";
import type { Visit, VisitTools } from "./visit.ts";
import { type WantedCoder, wayTo } from "./ways.ts";

/** `wanted`: the Coder of the spec, which is open. */
export function portsOf(
  visit: Visit,
  tools: VisitTools,
  { memory, wanted }: {
    memory: ProxyMemory;
    wanted?: { readonly place: Place; readonly coder: WantedCoder } | undefined;
  },
): RegistrationPorts {
  const record = new StoredRecord(visit, tools);
  return {
    coder: (place) => wayTo(place, visit, tools, { memory, wanted }),
    storedRecord: () => record.read(),
    save: (next) => record.save(next),
    async readToken(_signal, { fresh } = { fresh: false }) {
      memory.secret = await readToken(visit, tools, fresh ? undefined : memory.secret);
      return memory.secret.view;
    },
    async writeToken(token) {
      const kept = keptBeside(token, memory.secret?.view);
      memory.secret = undefined;
      await writeToken(token, visit, tools, kept);
      // In which version, the next reading tells.
      memory.secret = { name: "", version: "", view: { state: "held", token, kept } };
    },
    tell: ({ type, reason, message }) => tools.events.event(visit.object, type, reason, message, "Register"),
  };
}
