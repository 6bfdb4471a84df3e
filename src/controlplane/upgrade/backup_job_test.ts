import assert from "node:assert/strict";
import type { ControlPlaneSpecInput } from "../../api/control_plane.ts";
import { controlPlane } from "../testing.ts";
import {
  ATTEMPT_LABEL,
  type BackupIdentity,
  backupIdentity,
  backupJob,
  backupState,
  CHANGE_LABEL,
  jobEnd,
  jobFailure,
  superfluousJobs,
  TARGET_LABEL,
} from "./backup_job.ts";
import { coder, jobOf } from "./testing.ts";
import { upgradeFacts } from "./upgrade_facts.ts";

const identity: BackupIdentity = { target: "t", change: "c", attempt: "a" };
const labels = (given: Partial<BackupIdentity> = {}) => {
  const { target, change, attempt } = { ...identity, ...given };
  return { [TARGET_LABEL]: target, [CHANGE_LABEL]: change, [ATTEMPT_LABEL]: attempt };
};
const container = { name: "dump", image: "postgres:16" };

function job(spec: ControlPlaneSpecInput, backup: object = {}, name = "coder") {
  const object = controlPlane({ ...spec, upgrade: { backup: { containers: [container], ...backup } } }, {
    name,
  });
  const settings = object.spec.upgrade?.backup;
  assert.ok(settings !== undefined);
  return backupJob(object, { settings, identity, from: "v2.29.0", to: "v2.30.0", database: [] });
}

Deno.test("the Job belongs to no Service, ends for good, and knows the versions", () => {
  const { metadata, spec } = job({});
  assert.match(metadata.name ?? "", /^coder-backup-[0-9a-f]{10}$/);
  assert.equal(metadata.namespace, "a");
  const own = {
    "app.kubernetes.io/name": "coder-backup",
    "app.kubernetes.io/instance": "coder",
    "app.kubernetes.io/managed-by": "coder-k8s",
  };
  assert.deepEqual(metadata.labels, { ...own, ...labels() });
  assert.deepEqual(spec, {
    backoffLimit: 0,
    activeDeadlineSeconds: 3600,
    template: {
      metadata: { labels: own },
      spec: {
        restartPolicy: "Never",
        serviceAccountName: "coder",
        containers: [{
          ...container,
          terminationMessagePolicy: "FallbackToLogsOnError",
          env: [
            { name: "CODER_K8S_FROM_VERSION", value: "v2.29.0" },
            { name: "CODER_K8S_TO_VERSION", value: "v2.30.0" },
          ],
        }],
      },
    },
  });
});

Deno.test("what the user says of the Job holds, and it runs where Coder runs", () => {
  const volumes = [{ name: "backups", persistentVolumeClaim: { claimName: "backups" } }];
  const tolerations = [{ key: "only", operator: "Exists" }];
  const { spec } = job(
    { imagePullSecrets: [{ name: "pull" }], nodeSelector: { zone: "a" }, tolerations },
    {
      containers: [{ ...container, terminationMessagePolicy: "File" }],
      volumes,
      podSecurityContext: { fsGroup: 1 },
      serviceAccountName: "backup",
      deadlineSeconds: 60,
      retries: 2,
    },
  );
  assert.deepEqual([spec?.backoffLimit, spec?.activeDeadlineSeconds], [2, 60]);
  const pod = spec?.template.spec;
  assert.equal(pod?.serviceAccountName, "backup");
  assert.deepEqual(pod?.volumes, volumes);
  assert.deepEqual(pod?.securityContext, { fsGroup: 1 });
  assert.deepEqual(pod?.imagePullSecrets, [{ name: "pull" }]);
  assert.deepEqual(pod?.nodeSelector, { zone: "a" });
  assert.deepEqual(pod?.tolerations, tolerations);
  assert.equal(pod?.containers[0]?.terminationMessagePolicy, "File");
});

Deno.test("every container gets the database, and may say otherwise", () => {
  const object = controlPlane({
    upgrade: {
      backup: {
        containers: [{ ...container, env: [{ name: "CODER_PG_CONNECTION_URL", value: "mine" }] }, {
          name: "other",
        }],
      },
    },
  });
  const settings = object.spec.upgrade?.backup;
  assert.ok(settings !== undefined);
  const database = {
    name: "CODER_PG_CONNECTION_URL",
    valueFrom: { secretKeyRef: { name: "db", key: "url" } },
  };
  const [first, second] =
    backupJob(object, { settings, identity, from: "a", to: "b", database: [database] }).spec?.template.spec
      ?.containers ??
      [];
  assert.deepEqual(first?.env?.find(({ name }) => name === database.name), {
    name: database.name,
    value: "mine",
  });
  assert.deepEqual(second?.env?.find(({ name }) => name === database.name), database);
});

Deno.test("names of Jobs fit into the label that their pods get, and differ by what they are for", () => {
  const long = "c".repeat(60);
  const { metadata } = job({}, {}, long);
  assert.ok((metadata.name ?? "").length <= 63);
  assert.match(metadata.name ?? "", /^c{36}-[0-9a-f]{8}-backup-[0-9a-f]{10}$/);
  const object = controlPlane({ upgrade: { backup: { containers: [container] } } });
  const settings = object.spec.upgrade?.backup;
  assert.ok(settings !== undefined);
  const names = [identity, { ...identity, change: "d" }, { ...identity, attempt: "b" }].map((each) =>
    backupJob(object, { settings, identity: each, from: "", to: "", database: [] }).metadata.name
  );
  assert.equal(new Set(names).size, 3);
});

Deno.test("a backup is told from others by image, by rollout, by Deployment, and by what tries it again", () => {
  const identityOf = (
    image: string,
    options: { retry?: string; uid?: string; released?: string; command?: string } = {},
  ) => {
    const { retry, uid = "u", released = coder("2.29.0"), command = "dump" } = options;
    const object = controlPlane(
      { image, upgrade: { backup: { containers: [{ ...container, command: [command] }] } } },
      retry === undefined ? {} : { annotations: { "coder.com/retry-upgrade": retry } },
    );
    const facts = upgradeFacts({
      controlPlane: object,
      status: { image: released },
      deployment: undefined,
      said: undefined,
    });
    return backupIdentity(facts, uid);
  };
  const base = identityOf(coder("2.30.0"));
  assert.deepEqual(identityOf(coder("2.30.0")), base);
  const target = identityOf(coder("2.31.0"));
  assert.notEqual(target.target, base.target);
  for (
    const other of [
      identityOf(coder("2.30.0"), { uid: "v" }),
      identityOf(coder("2.30.0"), { released: "x:1" }),
    ]
  ) {
    assert.equal(other.target, base.target);
    assert.notEqual(other.change, base.change);
  }
  for (
    const other of [
      identityOf(coder("2.30.0"), { retry: "1" }),
      identityOf(coder("2.30.0"), { command: "x" }),
    ]
  ) {
    assert.equal(other.change, base.change);
    assert.notEqual(other.attempt, base.attempt);
  }
});

Deno.test("the state of a backup is read from its Jobs", () => {
  const state = (...jobs: ReturnType<typeof jobOf>[]) => {
    const found = backupState(jobs, identity);
    return found.kind === "missing" ? found.kind : `${found.kind} ${found.job.metadata.name}`;
  };
  assert.equal(state(), "missing");
  assert.equal(state(jobOf("1", labels())), "running 1");
  assert.equal(state(jobOf("1", labels(), "Complete")), "succeeded 1");
  assert.equal(state(jobOf("1", labels(), "Failed")), "failed 1");
  assert.equal(state(jobOf("1", labels({ attempt: "b" }), "Failed")), "missing", "it is to be tried again");
  assert.equal(state(jobOf("1", labels({ attempt: "b" }), "Complete")), "succeeded 1", "once is enough");
  assert.equal(state(jobOf("1", labels({ attempt: "b" }))), "running 1", "never two at a time");
  assert.equal(state(jobOf("1", labels({ change: "d" }))), "running 1", "never two at a time");
  assert.equal(state(jobOf("1", labels({ change: "d" }), "Complete")), "missing", "it is another change's");
  assert.equal(state(jobOf("1", labels({ target: "u" }))), "missing", "it is for another image");
  const going = jobOf("1", labels());
  going.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
  assert.equal(state(going), "missing");
  assert.equal(
    state(jobOf("1", labels(), "Failed"), jobOf("2", labels({ attempt: "b" }), "Complete")),
    "succeeded 2",
  );
});

Deno.test("the two last finished Jobs stay, and the one that is waited for always", () => {
  const names = (jobs: ReturnType<typeof jobOf>[], current?: BackupIdentity) =>
    superfluousJobs(jobs, current).map(({ metadata }) => metadata.name);
  const finished = [1, 2, 3, 4].map((i) =>
    jobOf(`${i}`, labels({ target: `t${i}` }), i % 2 === 0 ? "Complete" : "Failed", `2026-01-0${i}T00:00:00Z`)
  );
  assert.deepEqual(names(finished), ["2", "1"]);
  assert.deepEqual(names(finished, { ...identity, target: "t1" }), ["2"]);
  assert.deepEqual(
    names([jobOf("old", labels({ target: "x" }))], identity),
    ["old"],
    "nobody wants it any more",
  );
  assert.deepEqual(names([jobOf("now", labels())], identity), []);
  const going = jobOf("going", labels({ target: "x" }));
  going.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
  assert.deepEqual(names([going], identity), []);
});

Deno.test("how a Job ended is read from its conditions", () => {
  assert.equal(jobEnd(jobOf("1", {})), undefined);
  assert.equal(jobEnd(jobOf("1", {}, "Complete")), "Complete");
  const failed = jobOf("1", {}, "Failed");
  assert.equal(jobEnd(failed), "Failed");
  assert.equal(jobFailure(failed), "BackoffLimitExceeded: reached the limit");
  assert.equal(jobFailure(jobOf("1", {})), "");
  const suspended = jobOf("1", {});
  suspended.status = { conditions: [{ type: "Complete", status: "False" }] };
  assert.equal(jobEnd(suspended), undefined);
});
