/** Provisioner daemons that Coder knows. */
import { z } from "zod";
import type { DaemonFacts } from "../coder_facts.ts";
import type { CoderReader } from "../look.ts";
import { answerList, text, texts, time } from "./lenient.ts";
import { OF_PROVISIONERS, shown } from "./not_shown.ts";

const daemonSchema = z.object({
  name: text,
  status: text,
  tags: texts,
  key_name: text,
  version: text,
  api_version: text,
  last_seen_at: time,
}).transform((daemon): DaemonFacts => ({
  name: daemon.name,
  status: daemon.status,
  tags: daemon.tags,
  keyName: daemon.key_name,
  version: daemon.version,
  apiVersion: daemon.api_version,
  lastSeenAt: daemon.last_seen_at,
}));

/** No more are asked for. */
const MOST_DAEMONS = 500;

/** Of an organization, offline and built-in ones included. @param organization its name or id */
export async function readDaemons(coder: CoderReader, organization: string): Promise<readonly DaemonFacts[]> {
  return await shown(OF_PROVISIONERS, () =>
    coder.get({
      route: "/api/v2/organizations/{organization}/provisionerdaemons",
      parameters: { organization },
      query: { limit: MOST_DAEMONS, offline: true },
      answer: answerList(daemonSchema),
    }));
}
