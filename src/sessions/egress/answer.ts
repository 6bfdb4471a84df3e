/** Answers of our own, in HTTP/1.1. */

/** What ends up in a terminal is often the status line alone, so the reason is there too. */
export function refusal(status: number, message: string): Uint8Array {
  const line = oneLine(message);
  return answer(
    status,
    `${line}\n`,
    { "content-type": "text/plain; charset=utf-8", connection: "close" },
    line,
  );
}

/** `reason` is in the status line. A body of `null` is none, whose length `headers` tell. */
export function answer(
  status: number,
  body: Uint8Array | string | null,
  headers: Readonly<Record<string, string>>,
  reason = "",
): Uint8Array {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const lines = [`HTTP/1.1 ${status} ${oneLine(reason)}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${oneLine(value)}`);
  if (bytes !== null) lines.push(`content-length: ${bytes.length}`);
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  if (bytes === null) return head;
  const all = new Uint8Array(head.length + bytes.length);
  all.set(head);
  all.set(bytes, head.length);
  return all;
}

/** Printable ASCII, so that it fits a status line whatever is in it. */
function oneLine(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 1_000);
}
