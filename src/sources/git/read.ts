/** Reading Git repositories, in memory: one commit of them, without its history. */
import git from "isomorphic-git";
import { breaths } from "../breath.ts";
import { httpCredentials, sshCredentials } from "../credentials.ts";
import { SourceError, wordsOf } from "../errors.ts";
import type { SourceContent, SourceLimits, SourceRequest, TemplateSource } from "../types.ts";
import { gitAddress } from "./address.ts";
import { httpsRemote } from "./https_remote.ts";
import { memoryFs } from "./memory_fs.ts";
import { checkPack } from "./pack_check.ts";
import type { GitRemote } from "./remote.ts";
import { entriesOf } from "./tree.ts";

export type GitSource = NonNullable<TemplateSource["git"]>;

const GITDIR = "/git";

/** What is followed, as Git names it. */
type Wanted = { readonly ref: string } | { readonly commit: string };

/** The commit that a branch or a tag is at. */
export async function lookAtGit(
  source: GitSource,
  request: Pick<SourceRequest, "secret" | "signal">,
  limits: SourceLimits,
): Promise<string> {
  const wanted = wantedOf(source);
  if ("commit" in wanted) return wanted.commit;
  await using remote = await remoteOf(source, request, limits);
  return await refAt(remote, wanted.ref);
}

export async function fetchFromGit(
  source: GitSource,
  path: string,
  request: Pick<SourceRequest, "secret" | "signal">,
  limits: SourceLimits,
): Promise<SourceContent> {
  const wanted = wantedOf(source);
  const { signal } = request;
  // Objects are more than files: folders, commits, and what deltas are made from.
  const most = { totalBytes: limits.totalBytes * 4, objects: limits.entries * 10 };
  const fs = memoryFs(async (name, content) => {
    if (name.endsWith(".pack")) await checkPack(content, most);
  });
  const breath = breaths();
  const repository = { fs, gitdir: GITDIR, cache: {} };
  await git.init({ fs, dir: "/", gitdir: GITDIR, bare: true });
  const tip = "commit" in wanted
    ? await fetchCommit(wanted.commit)
    : await fetched({ ref: wanted.ref, depth: 1 });

  async function fetched(what: { ref?: string; depth?: number }): Promise<string> {
    await using remote = await remoteOf(source, request, limits);
    return await asking(remote, async () => {
      await git.addRemote({ ...repository, remote: "origin", url: remote.url, force: true });
      const { fetchHead } = await git.fetch({
        ...repository,
        http: remote.http,
        url: remote.url,
        // It waits for this at every hundredth of its work.
        onProgress: breath,
        singleBranch: what.ref !== undefined,
        ...(what.ref === undefined ? {} : { ref: what.ref, remoteRef: what.ref }),
        ...(what.depth === undefined ? {} : { depth: what.depth }),
      });
      if (fetchHead === null) throw new SourceError("NotFound", `the repository on ${remote.host} is empty`);
      return fetchHead;
    });
  }

  async function fetchCommit(commit: string): Promise<string> {
    try {
      await fetched({ ref: commit, depth: 1 });
      await git.readCommit({ ...repository, oid: commit });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SourceError && error.reason !== "NotFound") throw error;
      // Some servers give away nothing but tips: then all branches, with their history.
      await fetched({});
    }
    return commit;
  }

  try {
    const { oid, commit } = await git.readCommit({ ...repository, oid: tip });
    const subject = commit.message.split("\n", 1)[0]!.slice(0, 200);
    return { revision: oid, subject, entries: await entriesOf(repository, oid, path, limits, signal) };
  } catch (error) {
    if (error instanceof SourceError || signal.aborted) throw error;
    if ("commit" in wanted) {
      throw new SourceError("NotFound", `commit ${wanted.commit} is not in the repository`, { cause: error });
    }
    throw new SourceError("InvalidContent", `the commit cannot be read: ${wordsOf(error)}`, { cause: error });
  }
}

function wantedOf({ branch, tag, commit }: GitSource): Wanted {
  if (commit !== undefined) {
    if (/^[0-9a-f]{40}$/.test(commit)) return { commit };
    throw new SourceError("InvalidSource", "spec.source.git.commit must be 40 hexadecimal digits");
  }
  const ref = tag !== undefined ? `refs/tags/${tag}` : branch !== undefined ? `refs/heads/${branch}` : "HEAD";
  // deno-lint-ignore no-control-regex -- Git has none in names
  if (!/[\x00-\x20\x7f~^:?*[\\]|\.\.|\/\/|@\{|\/$|\.lock$/.test(ref)) return { ref };
  throw new SourceError(
    "InvalidSource",
    `spec.source.git: ${JSON.stringify(ref)} cannot be a branch or a tag`,
  );
}

async function remoteOf(
  { url }: GitSource,
  { secret, signal }: Pick<SourceRequest, "secret" | "signal">,
  { transferBytes: most, timeoutMs }: SourceLimits,
): Promise<GitRemote> {
  const address = gitAddress(url);
  if (address.over === "https") {
    return httpsRemote({ ...address, credentials: httpCredentials(secret), most, signal });
  }
  const credentials = sshCredentials(secret);
  const { sshRemote } = await import("./ssh_remote.ts");
  return sshRemote({ address, credentials, most, timeoutMs, signal });
}

async function refAt(remote: GitRemote, ref: string): Promise<string> {
  const refs = await asking(remote, () =>
    git.listServerRefs({
      http: remote.http,
      url: remote.url,
      protocolVersion: remote.protocolVersion,
      prefix: ref,
      peelTags: true,
    }));
  const found = refs.find((one) => one.ref === ref);
  if (found === undefined) {
    const what = ref === "HEAD"
      ? "default branch"
      : ref.replace("refs/heads/", "branch ").replace("refs/tags/", "tag ");
    throw new SourceError("NotFound", `there is no ${what} in the repository on ${remote.host}`);
  }
  // An annotated tag is an object of its own.
  return found.peeled ?? found.oid;
}

/** Tells what went wrong on the way in words of ours. */
async function asking<T>(remote: GitRemote, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (remote.failure !== undefined) throw remote.failure;
    if (error instanceof SourceError) throw error;
    if (error instanceof DOMException) throw error;
    const words = wordsOf(error);
    const isMissing = /not our ref|NotFoundError|Could not find|unadvertised/i.test(
      `${(error as Error).name} ${words}`,
    );
    throw new SourceError(
      isMissing ? "NotFound" : "Unreachable",
      isMissing
        ? `the repository on ${remote.host} does not have, or not give away, what is asked for`
        : `${remote.host} cannot be understood: ${words}`,
      { cause: error },
    );
  }
}
