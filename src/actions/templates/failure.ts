/** Why an import failed, in Coder's and Terraform's words. */
import { type CoderClient, CoderError, type TemplateVersion } from "../../coder/mod.ts";
import type { ChangeFailure } from "./types.ts";

/** Last lines that are told, and how much of each. */
const MOST_LINES = 20;
const MOST_WIDTH = 400;

/** The last lines that say something, without what a terminal would obey. */
export function lastLines(outputs: readonly string[]): string[] {
  return outputs
    // deno-lint-ignore no-control-regex -- they are what is taken away
    .map((line) => line.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "").trimEnd())
    .filter((line) => line !== "")
    .slice(-MOST_LINES)
    .map((line) => line.toWellFormed().slice(0, MOST_WIDTH));
}

/** What is told of an import that ended so. A log that cannot be read is left out. */
export async function failureOf(
  reason: ChangeFailure["reason"],
  version: TemplateVersion | undefined,
  builds: Pick<CoderClient["builds"], "versionLog">,
  at: string,
  signal: AbortSignal,
): Promise<ChangeFailure> {
  let log: string[] = [];
  if (version !== undefined && reason !== "Superseded") {
    try {
      const { items } = await builds.versionLog(version.id, {}, { signal });
      log = lastLines(items.map(({ output }) => output));
    } catch (error) {
      if (!(error instanceof CoderError) || signal.aborted) throw error;
    }
  }
  return { reason, message: wordsFor(reason, version), log, at };
}

function wordsFor(reason: ChangeFailure["reason"], version: TemplateVersion | undefined): string {
  const name = version?.name ?? "";
  switch (reason) {
    case "BuildFailed": {
      const { error = "", error_code = "" } = version?.job ?? {};
      const advice = error_code === "REQUIRED_TEMPLATE_VARIABLES"
        ? " Give values for its variables."
        : /payload was too big/i.test(error)
        ? " Coder stores larger archives than its provisioners take, whose limit is 4 MiB: make the template smaller."
        : "";
      return `The import of version ${name} failed: ${
        error === "" ? "no reason was given" : error
      }.${advice}`;
    }
    case "BuildCanceled":
      return `The import of version ${name} was cancelled.`;
    case "BuildTimedOut": {
      const idle = version?.matched_provisioners?.available === 0
        ? " No provisioner was there that could have done it."
        : "";
      return `The import of version ${name} took too long and was given up.${idle}`;
    }
    case "Superseded":
      return `Another version was promoted while ${
        name === "" ? "the new one" : name
      } was imported; that one stays.`;
    case "InputsLost":
      return "The values of its variables were lost before the version was made; apply it again.";
    case "Refused":
      return "Coder refuses it.";
  }
}
