/** The session token that flags or the environment give, as it is or as a file. */
import type { Config } from "./config.ts";

/** Undefined where none was given. Rejects where a file was, and holds none; the message says why. */
export async function givenSessionToken(
  { coderSessionToken: token, coderSessionTokenFile: file }: Pick<
    Config,
    "coderSessionToken" | "coderSessionTokenFile"
  >,
): Promise<string | undefined> {
  if (token !== undefined || file === undefined) return token;
  const text = (await Deno.readTextFile(file).catch((error) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`--coder-session-token-file: ${file} cannot be read: ${why}`);
  })).trim();
  if (text === "") throw new Error(`--coder-session-token-file: ${file} is empty`);
  return text;
}
