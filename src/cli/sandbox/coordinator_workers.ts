/** Rules of the port that workers dial. */
import { isLoopback } from "../../telemetry/loopback.ts";
import type { Mistake } from "../mistake.ts";
import { certificatePair } from "../certificate_pair.ts";
import type { coordinatorTable } from "./coordinator_options.ts";
import type { Loaded } from "./load.ts";
import type { Values } from "./option.ts";

/** Workers need a port, a key that says who they are, and TLS. */
export function* workerPortChecks(
  values: Partial<Values<typeof coordinatorTable>>,
  { where, isGiven }: Loaded<typeof coordinatorTable>,
): Iterable<Mistake> {
  yield* certificatePair(values, where, "grpcTlsCertFile", "grpcTlsPrivateKeyFile");
  const { grpcBindAddress: address, embeddedWorker } = values;
  if (address === undefined || embeddedWorker === undefined) return;
  if (address === null) {
    if (!embeddedWorker && values.coderUrl === undefined) {
      yield {
        where: where("grpcBindAddress"),
        what: "cannot be 0 without --embedded-worker or --coder-url: there would be no place for sessions",
      };
    }
    for (const key of ["grpcTlsCertFile", "grpcClientCaFile"] as const) {
      if (isGiven(key)) yield { where: where(key), what: `does nothing without ${where("grpcBindAddress")}` };
    }
    return;
  }
  if (values.workerKeyFile === undefined) {
    const needed = embeddedWorker
      ? `${where("grpcBindAddress")} needs it too`
      : "is needed, or --embedded-worker to run sessions in this process";
    yield {
      where: where("workerKeyFile"),
      what:
        `${needed}: workers prove who they are by tokens. Make a key: openssl rand -base64 48 > worker.key; then a ` +
        "token for each worker: coder-k8s worker-token --worker-key-file=worker.key --worker-id=worker-1",
    };
  }
  if (values.grpcClientCaFile !== undefined && values.grpcTlsCertFile === undefined) {
    yield { where: where("grpcClientCaFile"), what: `also needs ${where("grpcTlsCertFile")}` };
  }
  const isOpen = !isLoopback(address.hostname);
  if (isOpen && values.grpcTlsCertFile === undefined && values.grpcInsecure === false) {
    yield {
      where: where("grpcBindAddress"),
      what:
        `${
          isGiven("grpcBindAddress") ? "is" : "(:50050) is"
        } reached from other machines, so workers' tokens need TLS: ` +
        "give --grpc-tls-cert-file and --grpc-tls-private-key-file; or --grpc-insecure where a mesh or a private network " +
        "protects it; or listen on 127.0.0.1:50050",
    };
  }
}
