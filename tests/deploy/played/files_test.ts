import assert from "node:assert/strict";
import { join } from "node:path";
import { writeVolumes } from "./files.ts";
import type { PodTemplate, Volume } from "./template.ts";

const DATA: Record<string, Record<string, string>> = {
  "configmaps/settings": { "config.yaml": "debug: true\n", other: "o" },
  "secrets/tls": { "tls.crt": "certificate" },
};

async function written(volumes: Volume[], mounts: { name: string; mountPath: string; subPath?: string }[]) {
  const directory = await Deno.makeTempDir();
  const template: PodTemplate = { spec: { containers: [{ volumeMounts: mounts }], volumes } };
  const read = (kind: string, name: string) => Promise.resolve(DATA[`${kind}/${name}`]);
  return {
    moved: await writeVolumes(template, directory, read),
    directory,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

Deno.test("ConfigMaps and Secrets become files, an empty volume a directory, and /tmp stays", async () => {
  await using pod = await written([
    { name: "config", configMap: { name: "settings", items: [{ key: "config.yaml", path: "sub/c.yaml" }] } },
    { name: "tls", secret: { secretName: "tls" } },
    { name: "tmp", emptyDir: {} },
    { name: "audit", persistentVolumeClaim: {} },
  ], [
    { name: "config", mountPath: "/etc/c" },
    { name: "tls", mountPath: "/tls" },
    { name: "tmp", mountPath: "/tmp" },
    { name: "audit", mountPath: "/var/log/audit" },
  ]);
  assert.deepEqual([...pod.moved.keys()], ["/etc/c", "/tls", "/var/log/audit"]);
  const read = (path: string) => Deno.readTextFile(join(pod.directory, path));
  assert.equal(await read("config/sub/c.yaml"), "debug: true\n");
  assert.equal(await read("tls/tls.crt"), "certificate");
  assert.ok((await Deno.stat(pod.moved.get("/var/log/audit")!)).isDirectory);
});

Deno.test("projected sources are together, and one file of a volume may be mounted alone", async () => {
  await using pod = await written(
    [{ name: "all", projected: { sources: [{ configMap: { name: "settings" } }] } }],
    [{ name: "all", mountPath: "/one", subPath: "other" }],
  );
  assert.equal(await Deno.readTextFile(pod.moved.get("/one")!), "o");
});

Deno.test("what is not there keeps the pod from starting", async () => {
  await assert.rejects(
    written([{ name: "x", secret: { secretName: "gone" } }], [{ name: "x", mountPath: "/x" }]),
    /names gone/,
  );
  await assert.rejects(written([], [{ name: "x", mountPath: "/x" }]), /names the volume x/);
  const volume: Volume = { name: "x", configMap: { name: "settings", items: [{ key: "no", path: "p" }] } };
  await assert.rejects(written([volume], [{ name: "x", mountPath: "/x" }]), /key no of settings/);
});
