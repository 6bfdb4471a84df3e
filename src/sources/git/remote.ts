/** How isomorphic-git asks a server: it knows HTTP alone, so whatever is between plays that. */

export interface RemoteRequest {
  readonly url: string;
  readonly method?: string | undefined;
  readonly headers?: Record<string, string> | undefined;
  readonly body?: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
}

export interface RemoteAnswer {
  url: string;
  method: string;
  statusCode: number;
  statusMessage: string;
  headers: Record<string, string>;
  body: AsyncIterableIterator<Uint8Array>;
}

/** A way to one repository, for one look or one fetch. */
export interface GitRemote extends AsyncDisposable {
  /** Address that the library is given. */
  readonly url: string;
  /** Host, for messages. */
  readonly host: string;
  /** Version 2 lists only the references that are asked for; it needs a server that is asked anew each time. */
  readonly protocolVersion: 1 | 2;
  readonly http: { request(request: RemoteRequest): Promise<RemoteAnswer> };
  /** What went wrong in it: the library tells it in words of its own. */
  readonly failure: Error | undefined;
}

export async function collected(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of body ?? []) parts.push(part);
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
