/** TLS of a worker's connection. As gRPC's own, which cannot verify an IP address here: it sends one as a server's name. */
import { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";
import { isIP, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import type { ClientTls } from "./tls.ts";

type Connector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

export class TlsCredentials extends ChannelCredentials {
  readonly #context: SecureContext;
  readonly #name: string;

  /** @param hostname of the coordinator; brackets around IPv6 are taken off. @throws where the certificates cannot be used */
  constructor(hostname: string, { caPem, certPem, keyPem, serverName }: ClientTls) {
    super();
    this.#name = serverName ?? hostname.replace(/^\[(.*)\]$/, "$1");
    this.#context = createSecureContext({
      ...(caPem === undefined ? {} : { ca: caPem }),
      ...(certPem === undefined ? {} : { cert: certPem }),
      ...(keyPem === undefined ? {} : { key: keyPem }),
    });
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials?: CallCredentials,
  ): Connector {
    return {
      connect: (socket) => this.#connect(socket),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => callCredentials ?? CallCredentials.createEmpty(),
      destroy() {},
    };
  }

  #connect(socket: Socket): ReturnType<Connector["connect"]> {
    return new Promise((resolve, reject) => {
      const name = this.#name;
      const secure = connect({
        socket,
        host: name,
        ...(isIP(name) === 0 ? { servername: name } : {}),
        secureContext: this.#context,
        ALPNProtocols: ["h2"],
      }, () => {
        secure.off("error", reject);
        secure.off("close", closed);
        resolve({ socket: secure, secure: true });
      });
      const closed = () => reject(new Error("the connection was closed while TLS was set up"));
      secure.once("error", reject);
      secure.once("close", closed);
    });
  }
}
