/** A way to the API server on which we prove nothing. */
import type { ClusterConnection, TlsMaterial } from "../config/connection.ts";

/** The same server, verified in the same way, without our token and our certificate. */
export function withoutCredentials(connection: ClusterConnection): ClusterConnection {
  // The same object for the same material: connections are reused by it.
  const known = new WeakMap<TlsMaterial, TlsMaterial>();
  const bare = (tls: TlsMaterial): TlsMaterial => {
    let own = known.get(tls);
    if (own === undefined) known.set(tls, own = tls.ca === undefined ? {} : { ca: tls.ca });
    return own;
  };
  const { execCommand: _, ...rest } = connection;
  return {
    ...rest,
    async credentials(signal) {
      return { headers: {}, tls: bare((await connection.credentials(signal)).tls) };
    },
    refresh: () => false,
  };
}
