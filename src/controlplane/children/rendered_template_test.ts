import assert from "node:assert/strict";
import type { Deployment, ObjectMeta, Service } from "../../api/kubernetes/types.ts";
import { EnvSources } from "../../operator/children/env_sources.ts";
import type { Content } from "../../operator/children/referenced_data.ts";
import { renderTemplate } from "./rendered_template.ts";
import type { Tools } from "../step.ts";
import { controlPlane, storedControlPlane } from "../testing.ts";

type Spec = Parameters<typeof controlPlane>[0];

/** A cluster with a Service, Gateways and Secrets. */
interface World {
  service?: Partial<Service>;
  gateways?: Record<string, string[]>;
  /** Data of Secrets in namespace `a`, by name. */
  secrets?: Record<string, Record<string, string>>;
  live?: Deployment;
  clusterDomain?: string;
}

const owner: ObjectMeta = {
  ownerReferences: [{
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    name: "coder",
    uid: "uid-1",
    controller: true,
  }],
};

async function render(spec: Spec, world: World = {}) {
  const data = {
    metadata: () => undefined,
    content: (_kind: unknown, { name }: { name: string }): Promise<Content | undefined> => {
      const found = world.secrets?.[name];
      return Promise.resolve(
        found && { data: new Map(Object.entries(found)), binary: new Map(), frozen: false },
      );
    },
  };
  const kinds = {
    services: { get: () => world.service },
    gateways: {
      get: ({ namespace, name }: { namespace: string; name: string }) => {
        const protocols = world.gateways?.[`${namespace}/${name}`];
        return protocols && {
          spec: { listeners: protocols.map((protocol, port) => ({ name: "l", protocol, port })) },
        };
      },
    },
  };
  const tools = {
    clusterDomain: world.clusterDomain ?? "cluster.local",
    envSources: new EnvSources(data),
    referencedData: data,
    kinds,
  } as unknown as Tools;
  const pass = {
    key: { namespace: "a", name: "coder" },
    object: storedControlPlane(),
    signal: new AbortController().signal,
  };
  const rendered = await renderTemplate(controlPlane(spec), world.live, pass, tools);
  const env = rendered.template.spec?.containers[0]?.env ?? [];
  return { ...rendered, value: (name: string) => env.find((each) => each.name === name)?.value };
}

const RELAY = "CODER_DERP_SERVER_RELAY_URL";
const service = (family: string, metadata = owner): Partial<Service> => ({
  metadata,
  spec: { ipFamilies: [family] },
});

Deno.test("pods of an IPv6 cluster tell each other bracketed addresses", async () => {
  const bracketed = "http://[$(KUBE_POD_IP)]:8080";
  const plain = "http://$(KUBE_POD_IP):8080";
  assert.equal((await render({}, { service: service("IPv6") })).value(RELAY), bracketed);
  assert.equal((await render({}, { service: service("IPv4") })).value(RELAY), plain);
  assert.equal((await render({})).value(RELAY), plain, "not known yet");
  assert.equal((await render({}, { service: service("IPv6", {}) })).value(RELAY), plain, "somebody else's");
});

Deno.test("the hash of the spec is the one of every installation, whatever the operator is told", async () => {
  const { inputs } = await render({});
  const elsewhere = await render({ expose: { ingress: { host: "coder.example.com" } } }, {
    clusterDomain: "k8s.lan",
    service: service("IPv6"),
  });
  assert.equal(elsewhere.inputs, inputs);
  assert.equal(elsewhere.value("CODER_ACCESS_URL"), "http://coder.example.com");
});

Deno.test("a Gateway's listeners say which scheme the address has", async () => {
  const expose = {
    gateway: { host: "coder.example.com", parentRefs: [{ name: "edge" }, { name: "b", namespace: "c" }] },
  };
  const url = async (gateways: Record<string, string[]>) =>
    (await render({ expose }, { gateways })).value("CODER_ACCESS_URL");
  assert.equal(await url({ "a/edge": ["HTTP"], "c/b": ["HTTP"] }), "http://coder.example.com");
  assert.equal(await url({ "a/edge": ["HTTP"], "c/b": ["HTTPS"] }), "https://coder.example.com");
  assert.equal(await url({ "a/edge": ["HTTP"] }), "https://coder.example.com");
});

Deno.test("what envFrom defines is not set", async () => {
  const spec: Spec = { envFrom: [{ secretRef: { name: "env" } }] };
  const { value, inputs } = await render(spec, { secrets: { env: { CODER_ACCESS_URL: "1" } } });
  assert.equal(value("CODER_ACCESS_URL"), undefined);
  assert.notEqual(inputs, (await render(spec, { secrets: { env: {} } })).inputs);
});

Deno.test("checksums are in the template, and recorded beside it, with those of before", async () => {
  const spec: Spec = { envFrom: [{ secretRef: { name: "env" } }] };
  const first = await render(spec, { secrets: { env: { A: "1" } } });
  const text = first.recorded["coder.com/checksums"];
  assert.match(text ?? "", /^Secret\/env=[0-9a-f]{16}$/);
  assert.deepEqual(first.template.metadata?.annotations, { "coder.com/checksums": text });
  assert.equal(first.checksums.before, undefined);
  const live: Deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { annotations: { ...first.recorded } },
  };
  const gone = await render(spec, { live });
  assert.deepEqual(gone.recorded, first.recorded, "the last one stays");
  assert.deepEqual(gone.checksums.before, gone.checksums.now);
});

Deno.test("where nothing is referred to, that is recorded, and the template says nothing", async () => {
  const { recorded, template } = await render({});
  assert.deepEqual(recorded, { "coder.com/checksums": "none", "coder.com/template-exposure": "none" });
  assert.equal(template.metadata?.annotations, undefined);
});
