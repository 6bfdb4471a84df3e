/** Keys of external provisioners; the keys themselves Coder shows to nobody. */
import { z } from "zod";
import type { KeyFacts } from "../coder_facts.ts";
import type { CoderReader } from "../look.ts";
import { answerList, texts, time } from "./lenient.ts";
import { OF_PROVISIONERS, shown } from "./not_shown.ts";

const keySchema = z.object({ name: z.string(), tags: texts, created_at: time })
  .transform((key): KeyFacts => ({ name: key.name, tags: key.tags, createdAt: key.created_at }));

/** Of an organization. @param organization its name or id */
export async function readKeys(coder: CoderReader, organization: string): Promise<readonly KeyFacts[]> {
  return await shown(OF_PROVISIONERS, () =>
    coder.get({
      route: "/api/v2/organizations/{organization}/provisionerkeys",
      parameters: { organization },
      answer: answerList(keySchema),
    }));
}
