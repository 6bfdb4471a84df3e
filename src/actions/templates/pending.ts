/** The change of a template that is on record, and taking it off. */
import { sleep } from "../../telemetry/clock.ts";
import { cancelled } from "./follow.ts";
import type { StoredChange } from "./store.ts";
import type { TemplateSession } from "./world.ts";

/**
 * After so long a promotion that was begun has come, or never comes: longer than any call of ours, and than clocks of
 * replicas differ. In milliseconds.
 */
const CLAIM_MS = 20_000;
/** Between two looks at a promotion that is under way. */
const LOOK_MS = 50;

/**
 * What is on record. A promotion that was begun is waited for: what is active is not known before it has come, and whoever
 * took it off the record would be overtaken by it.
 */
export async function pendingChange(
  session: TemplateSession,
  template: string,
): Promise<StoredChange | undefined> {
  const { world, signal, request } = session;
  for (;;) {
    const stored = await world.store.read(template, signal);
    const { promotingAt, failure } = stored?.record ?? {};
    if (promotingAt === undefined || failure !== undefined || request.dryRun === true) return stored;
    if (world.now() - Date.parse(promotingAt) >= CLAIM_MS) return stored;
    await sleep(LOOK_MS, signal, world.clock);
    signal.throwIfAborted();
  }
}

/** Takes a change off the record, and ends its import. False where somebody was sooner: look again. */
export async function supersede(
  session: TemplateSession,
  pending: StoredChange | undefined,
): Promise<boolean> {
  if (pending === undefined || session.request.dryRun === true) return true;
  const { record, version } = pending;
  if (!await session.world.store.remove(record.template, version, session.signal)) return false;
  if (record.failure === undefined && record.version !== undefined) await cancelled(session, record.version);
  return true;
}
