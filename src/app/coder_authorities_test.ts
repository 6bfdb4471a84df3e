import assert from "node:assert/strict";
import { readCoderAuthorities } from "./coder_authorities.ts";

Deno.test("a file of certificates is read, and what is none says so", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    await Deno.writeTextFile(`${directory}/ca.pem`, pem);
    await Deno.writeTextFile(`${directory}/other`, "secret words");
    assert.equal(readCoderAuthorities(`${directory}/ca.pem`), pem);
    assert.throws(() => readCoderAuthorities(`${directory}/none`), /--coder-ca-file: .*none cannot be read/);
    assert.throws(() => readCoderAuthorities(`${directory}/other`), (error: Error) => {
      assert.match(error.message, /--coder-ca-file: .*other holds no PEM certificate/);
      assert.doesNotMatch(error.message, /secret words/);
      return true;
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
