/** Whether Coder answers, and as which version. */
import { z } from "zod";
import type { CoderReader } from "../look.ts";
import { flag } from "./lenient.ts";

/** `v2.30.0`, without what follows a `+`. */
const buildInfoSchema = z.object({ version: z.string().min(1), workspace_proxy: flag })
  .refine(({ workspace_proxy }) => !workspace_proxy, "a workspace proxy answers there, not Coder itself")
  .transform(({ version }) => ({ version: version.replace(/\+.*$/, "") }));

/** Needs no token. */
export async function readBuildInfo(coder: CoderReader): Promise<{ readonly version: string }> {
  return await coder.get({ route: "/api/v2/buildinfo", answer: buildInfoSchema, signedIn: false });
}
