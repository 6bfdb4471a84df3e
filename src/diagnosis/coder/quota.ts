/** Coder's own quota, which only some of its builds have. */
import { z } from "zod";
import type { QuotaFacts } from "../coder_facts.ts";
import type { CoderReader } from "../look.ts";

const quotaSchema = z.object({ credits_consumed: z.number(), budget: z.number() })
  .transform((quota): QuotaFacts => ({ consumed: quota.credits_consumed, budget: quota.budget }));

/** What a user has of it in an organization. @param organization its name or id @param user likewise */
export async function readQuota(
  coder: CoderReader,
  organization: string,
  user: string,
): Promise<QuotaFacts> {
  return await coder.get({
    route: "/api/v2/organizations/{organization}/members/{user}/workspace-quota",
    parameters: { organization, user },
    answer: quotaSchema,
  });
}
