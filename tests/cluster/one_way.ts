/** What programs between two ends of a connection have in common. */

/** Until one end says that it is done: the other one is told, and may go on talking. */
export async function oneWay(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const chunk = new Uint8Array(64 * 1024);
  try {
    for (let read = await from.read(chunk); read !== null; read = await from.read(chunk)) {
      for (let sent = 0; sent < read;) sent += await to.write(chunk.subarray(sent, read));
    }
    await to.closeWrite();
  } catch {
    [from, to].forEach(closeQuietly);
  }
}

/** Whether or not it was closed before. */
export function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch { /* It was closed before. */ }
}
