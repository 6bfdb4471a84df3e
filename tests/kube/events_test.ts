import assert from "node:assert/strict";
import { ConfigMaps, Events } from "../../src/api/kubernetes/resources.ts";
import type { ConfigMap } from "../../src/api/kubernetes/types.ts";
import {
  createEventSender,
  type EventSender,
  type EventSenderOptions,
} from "../../src/kube/events/events.ts";
import type { RestClient } from "../../src/kube/rest/rest_client.ts";
import { CountingMetrics } from "../../src/kube/testing/counting_metrics.ts";
import { recordingLogger } from "../../src/kube/testing/recording_logger.ts";
import { type PolicyRule, RestError, waitFor } from "../cluster/mod.ts";
import { type ClientHarness, withClient } from "./client_harness.ts";

/** The rights that the recorder needs, and no more. */
const RIGHTS = [{ apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] }];

/** A recorder under a service account, and an object to speak of. */
async function withEvents(
  run: (
    harness: ClientHarness & {
      object: ConfigMap;
      sender(client: RestClient, options?: Partial<EventSenderOptions>): EventSender;
      metrics: CountingMetrics;
      account(rights: PolicyRule[]): Promise<RestClient>;
    },
  ) => Promise<void>,
): Promise<void> {
  await withClient(async (harness) => {
    const { admin, namespace, cluster } = harness;
    const senders: EventSender[] = [];
    const metrics = new CountingMetrics();
    const object = await admin.create(ConfigMaps, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace, name: "subject" },
    });
    try {
      await run({
        ...harness,
        object,
        metrics,
        sender(client, options = {}) {
          const made = createEventSender({ client, reportingInstance: "pod-1", metrics, ...options });
          senders.push(made);
          return made;
        },
        async account(rights) {
          await harness.allow("speaker", rights);
          return harness.client(await cluster.serviceAccountKubeconfig({ namespace, name: "speaker" }));
        },
      });
    } finally {
      await Promise.all(senders.map((sender) => sender.close()));
    }
  });
}

Deno.test("equal events are one Event with a count in the cluster, and kubectl shows it", () =>
  withEvents(async ({ admin, namespace, object, sender, account, cluster }) => {
    const events = sender(await account(RIGHTS), { series: { firstUpdateMs: 200 } });
    const say = () =>
      events.event(object, "Warning", "DatabaseUnreachable", "cannot reach postgres", "Connect");
    say();
    const list = async () => (await admin.list(Events, { namespace })).items;
    await waitFor(async () => (await list()).length === 1, { what: "the event" });
    for (let time = 0; time < 6; time++) say();
    const [event] = await waitFor(async () => {
      const found = await list();
      return found[0]?.series?.count === 7 && found;
    }, { what: "the series" });
    assert.equal((await list()).length, 1);
    assert.deepEqual([event?.type, event?.reason, event?.action, event?.reportingController], [
      "Warning",
      "DatabaseUnreachable",
      "Connect",
      "coder-k8s",
    ]);
    assert.deepEqual([event?.regarding?.kind, event?.regarding?.name, event?.regarding?.uid], [
      "ConfigMap",
      "subject",
      object.metadata.uid,
    ]);

    const scope = ["--namespace", namespace];
    const got = await cluster.kubectl(["get", "events", ...scope]);
    assert.match(got.stdout, /Warning\s+DatabaseUnreachable\s+configmap\/subject\s+cannot reach postgres/);
    const listed = await cluster.kubectl(["events", "--for", "configmap/subject", ...scope]);
    assert.match(listed.stdout, /\(x7 over .*\)\s+Warning\s+DatabaseUnreachable\s+ConfigMap\/subject/);
  }));

Deno.test("every event that the recorder makes is valid for the API server", () =>
  withEvents(async ({ admin, namespace, object, sender, account, metrics }) => {
    const events = sender(await account(RIGHTS));
    events.event(object, "Normal", "Short", "x");
    events.event(object, "Normal", "Empty", "");
    events.event(object, "Warning", "Long", "漢".repeat(5_000));
    events.event(object, "Normal", "R".repeat(300), "long reason", "A".repeat(300));
    const name = `${"n".repeat(200)}.${"o".repeat(50)}`;
    events.event({ ...object, metadata: { ...object.metadata, name } }, "Normal", "LongName", "x");
    for (let time = 0; time < 3; time++) events.event(object, "Normal", "Burst", "three at once");
    await events.close(60_000);
    const { items } = await admin.list(Events, { namespace });
    const made = items.filter((event) => event.reportingController === "coder-k8s");
    assert.equal(made.length, 6);
    assert.equal(made.find((event) => event.reason === "Burst")?.series?.count, 3);
    assert.equal(metrics.get("coder_k8s_events_dropped_total", { reason: "failed" }), 0);
  }));

Deno.test("an event about a cluster-scoped object is in the namespace default", () =>
  withEvents(async ({ admin, namespace, sender }) => {
    const events = sender(admin);
    const uid = crypto.randomUUID();
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: `node-${namespace}`, uid } };
    events.event(node, "Normal", "Seen", "x");
    await events.close(60_000);
    const { items } = await admin.list(Events, { namespace: "default" });
    assert.equal(items.filter((event) => event.regarding?.uid === uid).length, 1);
  }));

Deno.test("without the right to create events nothing loops, and one line says what to grant", () =>
  withEvents(async ({ cluster, namespace, object, sender, client, metrics }) => {
    await using faults = await cluster.newFaults();
    const account = { namespace, name: "mute" };
    const mute = client(await cluster.serviceAccountKubeconfig({ ...account, throughFaults: faults }));
    const { logger, lines } = recordingLogger();
    const events = sender(mute, { logger });
    const dropped = () => metrics.get("coder_k8s_events_dropped_total", { reason: "forbidden" });
    events.event(object, "Normal", "First", "x");
    await waitFor(() => dropped() === 1, { what: "the refusal" });
    for (let note = 0; note < 20; note++) events.event(object, "Normal", "More", String(note));
    await waitFor(() => dropped() === 21, { what: "the rest to be dropped" });
    assert.equal(faults.count(), 1);
    assert.equal(lines.filter((line) => line.level === "warn").length, 1);
  }));

Deno.test("events wait out a short outage, and are sent when the process ends", () =>
  withEvents(async ({ admin, cluster, namespace, object, sender, client, allow }) => {
    await using faults = await cluster.newFaults();
    await allow("speaker", RIGHTS);
    const account = { namespace, name: "speaker" };
    const speaker = client(await cluster.serviceAccountKubeconfig({ ...account, throughFaults: faults }));
    const events = sender(speaker);
    faults.answer(500, {}, { times: 1 });
    faults.cut({}, { times: 1 });
    events.event(object, "Normal", "Survivor", "x");
    events.event(object, "Normal", "Survivor", "x");
    await events.close(60_000);
    const { items } = await admin.list(Events, { namespace });
    assert.equal(items.find((event) => event.reason === "Survivor")?.series?.count, 2);
  }));

Deno.test("a namespace that is being deleted does not silence the recorder", () =>
  withEvents(async ({ admin, cluster, namespace, object, sender, metrics }) => {
    const doomed = await cluster.newNamespace("doomed");
    const subject = await admin.create(ConfigMaps, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace: doomed, name: "held", finalizers: ["example.com/hold"] },
    });
    await cluster.kubectl(["delete", "namespace", doomed, "--wait=false"]);
    // What decides on new objects hears of it a moment later.
    const maps = `/api/v1/namespaces/${doomed}/configmaps?dryRun=All`;
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "late" } };
    const isRefused = (error: unknown) => error instanceof RestError && error.status === 403;
    await waitFor(() => cluster.request("POST", maps, map).then(() => false, isRefused), {
      what: "the namespace to take nothing more",
    });
    const events = sender(admin);
    events.event(subject, "Normal", "Late", "x");
    await waitFor(() => metrics.get("coder_k8s_events_dropped_total", { reason: "failed" }) === 1, {
      what: "the refusal",
    });
    events.event(object, "Normal", "Fine", "x");
    await events.close(60_000);
    const { items } = await admin.list(Events, { namespace });
    assert.ok(items.some((event) => event.reason === "Fine"));
    await admin.patch(ConfigMaps, { namespace: doomed, name: "held" }, {
      type: "json",
      body: [{ op: "remove", path: "/metadata/finalizers" }],
    });
  }));
