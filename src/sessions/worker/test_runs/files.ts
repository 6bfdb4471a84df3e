/** Looking at what is in a session, to find its tests. */
import { z } from "zod";
import { MAX_BODY_BYTES } from "../../operations.ts";
import type { Sandbox } from "../../sandbox/types.ts";
import { SessionError } from "../../types.ts";
import { decodeUtf8 } from "../shown_text.ts";

export interface SessionFiles {
  /** @throws {SessionError} `not_found`, and what else the sandbox refuses */
  isFile(path: string): Promise<boolean>;
  /** Names in a directory; none where there is no such directory. */
  list(path: string): Promise<readonly { readonly name: string; readonly isDirectory: boolean }[]>;
  /** Undefined where it is not there, or longer than what is read at once. */
  text(path: string): Promise<string | undefined>;
}

const statSchema = z.object({ type: z.string() });
const listSchema = z.object({
  entries: z.array(z.object({ path: z.string(), type: z.string() })).max(5_000),
});

export function filesOf(sandbox: Pick<Sandbox, "file">, signal: AbortSignal): SessionFiles {
  const unlessMissing = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof SessionError && error.code === "not_found") return otherwise;
      throw error;
    }
  };
  return {
    async isFile(path) {
      const { output } = await sandbox.file("stat", { path }, undefined, signal);
      return statSchema.safeParse(output).data?.type === "file";
    },
    list: (path) =>
      unlessMissing(async () => {
        const { output } = await sandbox.file("list", { path, depth: 1, limit: 5_000 }, undefined, signal);
        return (listSchema.safeParse(output).data?.entries ?? []).map((entry) => ({
          name: entry.path.slice(entry.path.lastIndexOf("/") + 1),
          isDirectory: entry.type === "directory",
        }));
      }, []),
    text: (path) =>
      unlessMissing(async () => {
        const input = { path, offset: 0, length: MAX_BODY_BYTES };
        const { output, body } = await sandbox.file("read", input, undefined, signal);
        return output["eof"] === true ? decodeUtf8(body ?? new Uint8Array()).text : undefined;
      }, undefined),
  };
}
