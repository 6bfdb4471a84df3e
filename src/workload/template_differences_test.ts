import assert from "node:assert/strict";
import type { Container, EnvVar, PodTemplateSpec } from "../api/kubernetes/types.ts";
import { withoutDefaults } from "./template_defaults.ts";
import { templateDifferences } from "./template_differences.ts";

const labels = { app: "coder" };

function template(container: Partial<Container> = {}, pod: Record<string, unknown> = {}): PodTemplateSpec {
  return {
    metadata: { labels },
    spec: {
      serviceAccountName: "coder",
      containers: [{
        name: "coder",
        image: "i:1",
        args: ["--a"],
        ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
        ...container,
      }],
      ...pod,
    },
  };
}

/** As the API server returns it. */
function stored(container: Partial<Container> = {}, pod: Record<string, unknown> = {}): PodTemplateSpec {
  return template({
    imagePullPolicy: "IfNotPresent",
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    ...container,
  }, {
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    serviceAccount: "coder",
    terminationGracePeriodSeconds: 30,
    ...pod,
  });
}

const env = (...names: string[]): EnvVar[] => names.map((name) => ({ name, value: `secret of ${name}` }));

Deno.test("the API server's defaults are no differences", () => {
  assert.deepEqual(templateDifferences(stored(), template()), []);
  const probe = {
    httpGet: { path: "/", port: "http", scheme: "HTTP" },
    periodSeconds: 10,
    failureThreshold: 3,
  };
  assert.deepEqual(
    templateDifferences(
      stored({ readinessProbe: { ...probe, successThreshold: 1 } }),
      template({ readinessProbe: probe }),
    ),
    [],
  );
  const volume = { name: "v", secret: { secretName: "s" } };
  assert.deepEqual(
    templateDifferences(
      stored({}, { volumes: [{ name: "v", secret: { secretName: "s", defaultMode: 420 } }] }),
      template({}, { volumes: [volume] }),
    ),
    [],
  );
});

Deno.test("quantities are compared by amount", () => {
  const limits = (cpu: string) => ({ resources: { limits: { cpu } } });
  assert.deepEqual(templateDifferences(stored(limits("1")), template(limits("1000m"))), []);
  assert.deepEqual(templateDifferences(stored(limits("1")), template(limits("2"))), [
    "changes containers[name=coder].resources.limits.cpu",
  ]);
});

Deno.test("additions, changes and removals are named by their place, without values", () => {
  const words = templateDifferences(
    stored({ env: env("A", "B"), image: "i:0" }, { hostname: "h" }),
    template({ env: [...env("A"), { name: "C", value: "secret" }] }, { priorityClassName: "p" }),
  );
  assert.deepEqual(words.sort(), [
    "adds containers[name=coder].env[name=C]",
    "adds priorityClassName",
    "changes containers[name=coder].image",
    "removes containers[name=coder].env[name=B]",
    "removes hostname",
  ]);
  assert.doesNotMatch(words.join(), /secret/);
});

Deno.test("a default that was changed by hand is a removal", () => {
  assert.deepEqual(templateDifferences(stored({}, { terminationGracePeriodSeconds: 60 }), template()), [
    "removes terminationGracePeriodSeconds",
  ]);
});

Deno.test("another order of environment variables is a difference", () => {
  assert.deepEqual(templateDifferences(stored({ env: env("A", "B") }), template({ env: env("B", "A") })), [
    "reorders containers[name=coder].env",
  ]);
});

Deno.test("a repeated environment variable is a difference of its own", () => {
  const live = stored({ env: [{ name: "A", value: "1" }, { name: "A", value: "2" }] });
  const words = templateDifferences(live, template({ env: [{ name: "A", value: "2" }] }));
  assert.ok(words.includes("removes the repeated definition of environment variable A"), words.join());
  const init = { initContainers: [{ name: "i", env: [{ name: "B" }, { name: "B" }] }] };
  assert.ok(
    templateDifferences(stored({}, init), template({}, init)).some((word) => word.endsWith("variable B")),
  );
});

Deno.test("labels and annotations that others put on the template do not count, ours do", () => {
  const live = stored();
  live.metadata = {
    labels: { ...labels, team: "x" },
    annotations: { "kubectl.kubernetes.io/restartedAt": "now" },
  };
  assert.deepEqual(templateDifferences(live, template()), []);
  const desired = template();
  desired.metadata = { labels, annotations: { checksum: "1" } };
  assert.deepEqual(templateDifferences(live, desired), ["adds metadata.annotations.checksum"]);
});

Deno.test("pruning defaults leaves the user's maps alone", () => {
  const pruned = withoutDefaults({
    metadata: { labels: { protocol: "TCP" }, annotations: { scheme: "HTTP" } },
    spec: { nodeSelector: { kind: "Shared" }, restartPolicy: "Always", hostname: "h", containers: [] },
  });
  assert.deepEqual(pruned, {
    metadata: { labels: { protocol: "TCP" }, annotations: { scheme: "HTTP" } },
    spec: { nodeSelector: { kind: "Shared" }, hostname: "h", containers: [] },
  });
});
