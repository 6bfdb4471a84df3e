/** Shapes of foreign objects, as far as checks read them. What does not fit is as if it was not there. */
import { z } from "zod";

const text = z.string().catch("");
const number = z.number().catch(0);

/** Metadata. */
export const metadata = z.object({
  name: text,
  namespace: text,
  labels: z.record(z.string(), z.string()).catch({}),
  annotations: z.record(z.string(), z.string()).catch({}),
  deletionTimestamp: z.string().optional().catch(undefined),
}).catch({ name: "", namespace: "", labels: {}, annotations: {} });

const condition = z.object({ type: text, status: text, reason: text, message: text });

/** Of a status; what is no condition is left out. */
export const conditions = z.array(condition.catch({ type: "", status: "", reason: "", message: "" })).catch(
  [],
);
export type Condition = z.infer<typeof condition>;

/** A list of objects of one shape; an item of another shape fails the whole. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item).nullish().transform((items) => items ?? []) });
}

/** A Deployment, as far as it tells how it is. */
export const deployment = z.object({
  metadata,
  spec: z.object({
    replicas: number,
    selector: z.object({ matchLabels: z.record(z.string(), z.string()).catch({}) }).catch({
      matchLabels: {},
    }),
    template: z.object({
      spec: z.object({ containers: z.array(z.object({ name: text, image: text })).catch([]) }),
    }).catch({ spec: { containers: [] } }),
  }),
  status: z.object({ readyReplicas: number, updatedReplicas: number, conditions }).catch({
    readyReplicas: 0,
    updatedReplicas: 0,
    conditions: [],
  }),
});
export type Deployment = z.infer<typeof deployment>;

/** Addresses of a Service that are ready. */
export const endpointSlice = z.object({
  endpoints: z.array(z.object({
    addresses: z.array(z.string()).catch([]),
    conditions: z.object({ ready: z.boolean().nullish() }).catch({ ready: undefined }),
  })).catch([]),
});

/** How many addresses serve. Readiness that is not said counts as such, as in the API. */
export function readyAddresses(slices: readonly z.infer<typeof endpointSlice>[]): number {
  return slices.flatMap(({ endpoints }) => endpoints)
    .filter(({ conditions: { ready } }) => ready !== false)
    .reduce((sum, { addresses }) => sum + addresses.length, 0);
}

/** The condition of a type, if it is there. */
export function conditionOf(all: readonly Condition[], type: string): Condition | undefined {
  return all.find((each) => each.type === type);
}

/** Anything that is an object. */
export const anything = z.record(z.string(), z.unknown());
