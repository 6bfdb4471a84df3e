/** The file of `--coder-ca-file`. */

/** Its text. Throws where it cannot be read or holds no certificate. */
export function readCoderAuthorities(path: string): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`--coder-ca-file: ${path} cannot be read: ${why}`, { cause });
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new Error(`--coder-ca-file: ${path} holds no PEM certificate (-----BEGIN CERTIFICATE-----)`);
}
