/** A server that takes connections and never answers: a PostgreSQL, or a Coder, that hangs. */

/** Disposing of it closes it and all of its connections. */
export class SilentServer implements AsyncDisposable {
  /** Clients that spoke PostgreSQL's protocol since the start. */
  databaseCalls = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #run = this.#accept();

  get port(): number {
    return this.#listener.addr.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get databaseUrl(): string {
    return `postgres://coder:secret@127.0.0.1:${this.port}/coder?sslmode=disable`;
  }

  /** Clients that wait for an answer now. */
  get waiting(): number {
    return this.#open.size;
  }

  async #accept(): Promise<void> {
    const listening: Promise<void>[] = [];
    try {
      for await (const connection of this.#listener) listening.push(this.#listen(connection));
    } finally {
      await Promise.all(listening);
    }
  }

  async #listen(connection: Deno.Conn): Promise<void> {
    this.#open.add(connection);
    const bytes = new Uint8Array(256);
    try {
      // A start-up message begins with its length, of four bytes; a method of HTTP with a letter.
      if (await connection.read(bytes) && bytes[0] === 0) this.databaseCalls++;
      while (await connection.read(bytes));
    } catch {
      // The client, or the end of the test, broke it off.
    } finally {
      this.#open.delete(connection);
      try {
        connection.close();
      } catch {
        // Closed by the end of the test.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) connection.close();
    await this.#run;
  }
}
