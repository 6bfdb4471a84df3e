/** Logs of builds. */
import { z } from "zod";
import type { LogLine } from "../coder_facts.ts";
import type { CoderReader } from "../look.ts";
import { answerList, text, time } from "./lenient.ts";

const lineSchema = z.object({ created_at: time, log_level: text, stage: text, output: text })
  .transform((line): LogLine => ({
    at: line.created_at,
    level: line.log_level,
    stage: line.stage,
    text: line.output,
  }));

/** Coder keeps 1 MiB of a log; what is at its end tells why it ended. */
const MOST_LINES = 400;

/** The end of a build's log, oldest first. */
export async function readBuildLog(coder: CoderReader, build: string): Promise<readonly LogLine[]> {
  const lines = await coder.get({
    route: "/api/v2/workspacebuilds/{build}/logs",
    parameters: { build },
    answer: answerList(lineSchema),
  });
  return lines.slice(-MOST_LINES);
}
