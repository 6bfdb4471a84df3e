/** Shared lists on a fake deployment, with a clock that stands still until it is moved. */
import { createListings, type Listings, type ListingsOptions, type Place } from "../../src/inventory/mod.ts";
import { FakeClock } from "../../src/telemetry/testing/fake_clock.ts";
import { type ClientRig, startClientRig } from "../fake-coder/client_rig.ts";
import { fakeLicense } from "../fake-coder/mod.ts";

/** What the wall clock shows when the other one shows nought. */
export const START = Date.parse("2026-01-01T00:00:00Z");

export const KEYS = "/api/v2/organizations/{organization}/provisionerkeys";
export const JOBS = "/api/v2/organizations/{organization}/provisionerjobs";
export const DAEMONS = "/api/v2/organizations/{organization}/provisionerdaemons";
export const PROXIES = "/api/v2/workspaceproxies";
export const ORGANIZATIONS = "/api/v2/organizations";

export interface InventoryRig extends AsyncDisposable {
  readonly coder: ClientRig;
  readonly clock: FakeClock;
  readonly listings: Listings;
  readonly place: Place;
  /** Never aborts. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  wall(): number;
  /** Sets the wall clock alone, by so many milliseconds. */
  setWall(byMs: number): void;
  /** Requests that arrived so far. */
  sent(route?: string): number;
  /** Resolves as soon as so many requests have arrived. */
  arrived(count: number, route?: string): Promise<void>;
}

/** Starts a licensed deployment; `await using` ends it and fails where a request broke the rules. */
export async function startInventoryRig(
  options: ListingsOptions & { licensed?: boolean } = {},
): Promise<InventoryRig> {
  const clock = new FakeClock();
  const coder = await startClientRig({ budget: { clock, perMinute: 1e9, burst: 1e6, jitter: 0 } });
  if (options.licensed !== false) await coder.client.licenses.add(fakeLicense());
  let offset = 0;
  const wall = () => START + Math.floor(clock.now()) + offset;
  const { metrics } = coder;
  const before = coder.fake.requests.length;
  const sent = (route?: string) =>
    coder.fake.requests.slice(before).filter((one) => route === undefined || one.route === route).length;
  return {
    coder,
    clock,
    listings: createListings({ clock, wallTime: wall, random: () => 0.5, metrics, ...options }),
    place: { controlPlane: "a/coder", deploymentId: "1", credential: "operator", client: coder.client },
    signal: new AbortController().signal,
    wall,
    setWall(byMs) {
      offset += byMs;
    },
    sent,
    async arrived(count, route) {
      const end = performance.now() + 60_000;
      while (sent(route) < count) {
        if (performance.now() > end) throw new Error(`${sent(route)} requests arrived, not ${count}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
    [Symbol.asyncDispose]: () => coder[Symbol.asyncDispose](),
  };
}

/** Somebody who comes again and again: each visit tells after how many milliseconds the next one is. */
export type Visitor = () => Promise<number>;

/** Lets all visitors come at once, then when they said, until `untilMs` of the clock. Those of one moment run together. */
export async function visit(clock: FakeClock, visitors: readonly Visitor[], untilMs: number): Promise<void> {
  const due = new Map(visitors.map((visitor) => [visitor, clock.now()]));
  for (;;) {
    const next = Math.min(...due.values());
    if (next > untilMs) break;
    clock.advanceSync(next - clock.now());
    const now = [...due].filter(([, time]) => time === next).map(([visitor]) => visitor);
    await Promise.all(now.map(async (visitor) => {
      const wait = await visitor();
      if (!(wait > 0)) throw new Error(`a visitor would come again in ${wait} ms`);
      due.set(visitor, next + wait);
    }));
  }
  clock.advanceSync(untilMs - clock.now());
}
