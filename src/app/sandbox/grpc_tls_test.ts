import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { makeAuthority } from "../../identity/testing/certificates.ts";
import { grpcTls } from "./grpc_tls.ts";

Deno.test("without a certificate the port is plain text", async () => {
  assert.equal(await grpcTls({}, silentLogger), undefined);
  assert.equal(await grpcTls({ grpcTlsCertFile: "/a" }, silentLogger), undefined);
});

Deno.test("files are read at the start, and one that is missing is named by its flag", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const { pem } = await makeAuthority("workers");
    const write = async (name: string, text: string) => {
      await Deno.writeTextFile(`${directory}/${name}`, text);
      return `${directory}/${name}`;
    };
    const files = {
      grpcTlsCertFile: await write("tls.crt", pem),
      grpcTlsPrivateKeyFile: await write("tls.key", "key"),
    };
    assert.deepEqual((await grpcTls(files, silentLogger))?.source.current, { certPem: pem, keyPem: "key" });
    const grpcClientCaFile = await write("ca.crt", pem);
    assert.deepEqual((await grpcTls({ ...files, grpcClientCaFile }, silentLogger))?.source.current, {
      certPem: pem,
      keyPem: "key",
      clientCaPem: [pem],
    });
    await assert.rejects(
      grpcTls({ ...files, grpcClientCaFile: `${directory}/none` }, silentLogger),
      /^Error: --grpc-client-ca-file: .*none cannot be read/,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
