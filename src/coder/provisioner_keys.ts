/** Keys of external provisioners, and the daemons that use them. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { listOf, nonEmpty, optionalText, realId, timestamp } from "./schema_parts.ts";
import { wasThere } from "./users.ts";

const tagsSchema = z.record(z.string(), z.string()).nullish().transform((tags) => tags ?? {});

export const provisionerKeySchema = z.object({
  id: realId,
  name: nonEmpty,
  /** The organization's id. */
  organization: optionalText,
  tags: tagsSchema,
  created_at: timestamp,
});
export type ProvisionerKey = z.infer<typeof provisionerKeySchema>;

export const provisionerDaemonSchema = z.object({
  id: realId,
  name: nonEmpty,
  key_id: optionalText,
  key_name: optionalText,
  version: optionalText,
  api_version: optionalText,
  provisioners: listOf(z.string()),
  tags: tagsSchema,
  /** `offline`, `idle` or `busy`. */
  status: optionalText,
  last_seen_at: timestamp.nullish(),
});
export type ProvisionerDaemon = z.infer<typeof provisionerDaemonSchema>;

const keyDaemonsSchema = z.object({
  key: z.object({ id: nonEmpty, name: nonEmpty, tags: tagsSchema }),
  daemons: listOf(provisionerDaemonSchema),
});
export type ProvisionerKeyDaemons = z.infer<typeof keyDaemonsSchema>;

const newKeySchema = z.object({ key: nonEmpty }).transform(({ key }) => ({ provisionerKey: key }));

export interface ProvisionerCalls {
  /** Without Coder's own reserved keys. */
  listKeys(organization: string, options?: CallOptions): Promise<ProvisionerKey[]>;
  /**
   * Makes a key; the answer is the only time it can be seen. Conflict where the name is taken: its secret is lost, so
   * delete it and make another.
   */
  createKey(
    organization: string,
    key: { name: string; tags?: Readonly<Record<string, string>> },
    options?: CallOptions,
  ): Promise<{ provisionerKey: string }>;
  /** False where it was gone already. */
  deleteKey(organization: string, name: string, options?: CallOptions): Promise<boolean>;
  /** The daemons seen lately, by key, reserved keys included. */
  keyDaemons(organization: string, options?: CallOptions): Promise<ProvisionerKeyDaemons[]>;
  /** Daemons, built-in ones included. Coder gives 50 where no limit is named. */
  listDaemons(
    organization: string,
    filter?: { limit?: number; offline?: boolean; tags?: Readonly<Record<string, string>> },
    options?: CallOptions,
  ): Promise<ProvisionerDaemon[]>;
}

export function provisionerCalls(call: Call): ProvisionerCalls {
  const keys = "/api/v2/organizations/{organization}/provisionerkeys";
  return {
    listKeys: (organization, options) =>
      call(
        { method: "GET", route: keys, parameters: { organization }, answer: listOf(provisionerKeySchema) },
        options,
      ),
    createKey: (organization, { name, tags = {} }, options) =>
      call({
        method: "POST",
        route: keys,
        parameters: { organization },
        body: { name, tags },
        answer: newKeySchema,
        bypassRateLimit: true,
      }, options),
    deleteKey: (organization, name, options) =>
      wasThere(
        call({
          method: "DELETE",
          route: `${keys}/{name}`,
          parameters: { organization, name },
          bypassRateLimit: true,
        }, options),
      ),
    keyDaemons: (organization, options) =>
      call({
        method: "GET",
        route: `${keys}/daemons`,
        parameters: { organization },
        answer: listOf(keyDaemonsSchema),
      }, options),
    listDaemons: (organization, { limit, offline, tags } = {}, options) =>
      call({
        method: "GET",
        route: "/api/v2/organizations/{organization}/provisionerdaemons",
        parameters: { organization },
        query: { limit, offline, tags: tags === undefined ? undefined : JSON.stringify(tags) },
        answer: listOf(provisionerDaemonSchema),
      }, options),
  };
}
