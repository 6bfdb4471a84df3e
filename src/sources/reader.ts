/** Reading sources of whatever kind. */
import { cleanPath } from "../archive/mod.ts";
import { SourceError } from "./errors.ts";
import {
  SOURCE_READ_LIMITS,
  type SourceContent,
  type SourceLimits,
  type SourceReader,
  type SourceRequest,
} from "./types.ts";

/** Makes one. It keeps nothing between questions. */
export function createSourceReader(limits: Partial<SourceLimits> = {}): SourceReader {
  const all: SourceLimits = { ...SOURCE_READ_LIMITS, ...limits };
  return {
    look: (request) => timed(request, all, (timed) => look(timed, all)),
    fetch: (request) => timed(request, all, (timed) => fetch(timed, all)),
  };
}

/** Their libraries take memory that nobody should miss who has no such source. */
const gitSource = () => import("./git/read.ts");
const ociSource = () => import("./oci/read.ts");

async function look({ source, ...request }: SourceRequest, limits: SourceLimits): Promise<string> {
  const { git, oci } = checked(source);
  return git !== undefined
    ? await (await gitSource()).lookAtGit(git, request, limits)
    : await (await ociSource()).lookAtOci(oci!, request, limits);
}

async function fetch({ source, ...request }: SourceRequest, limits: SourceLimits): Promise<SourceContent> {
  const { git, oci, path } = checked(source);
  return git !== undefined
    ? await (await gitSource()).fetchFromGit(git, path, request, limits)
    : await (await ociSource()).fetchFromOci(oci!, path, request, limits);
}

function checked({ git, oci, path = "" }: SourceRequest["source"]) {
  if ((git === undefined) === (oci === undefined)) {
    throw new SourceError("InvalidSource", "spec.source must have one of git and oci");
  }
  const clean = path === "" || path === "." || path === "./" ? "" : cleanPath(path);
  if (clean === undefined) {
    throw new SourceError("InvalidSource", "spec.source.path must be a folder in the source");
  }
  return { git, oci, path: clean };
}

async function timed<T>(
  request: SourceRequest,
  { timeoutMs }: SourceLimits,
  run: (request: SourceRequest) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(timeoutMs);
  try {
    return await run({ ...request, signal: AbortSignal.any([request.signal, late]) });
  } catch (error) {
    request.signal.throwIfAborted();
    if (late.aborted) {
      throw new SourceError("Unreachable", `the source did not answer within ${timeoutMs / 1_000} s`);
    }
    throw error;
  }
}
