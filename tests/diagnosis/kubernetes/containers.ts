/** Containers that end, and containers that never get ready. */
import { type KubeFailure, podFailure } from "./kube_failure.ts";
import { crashes, runs } from "./kubelet_says.ts";

export const CONTAINERS: readonly KubeFailure[] = [
  podFailure({
    id: "crash-loop",
    subject: "controlplane",
    rule: "crash-loop",
    says: /ends? again and again|crash/i,
    quotes: /bind: address already in use|invalid value .*CODER_ACCESS_URL/,
    words: crashes({ reason: "Error", exitCode: 1 }),
    warnings: [["BackOff", "Back-off restarting failed container coder in pod x"]],
    log: (lab) => [
      "Started HTTP listener at http://0.0.0.0:8080",
      `CODER_SESSION_TOKEN=${lab.planted.token("a crash's log")}`,
      'Encountered an error running "coder server", see "coder server --help" for more information',
      'error: invalid value "::" for flag CODER_ACCESS_URL: parse "::": missing protocol scheme',
    ],
  }),
  podFailure({
    id: "provisioner-crash-loop",
    asked: "crash-loop",
    subject: "provisioner",
    rule: "crash-loop",
    says: /again and again|crash/i,
    quotes: /no space left on device/,
    words: crashes({ reason: "Error", exitCode: 1 }),
    warnings: [["BackOff", "Back-off restarting failed container provisioner in pod x"]],
    log: () => [
      "starting provisioner daemon",
      "error: mkdir /home/coder/.cache/coder: no space left on device",
    ],
  }),
  podFailure({
    id: "oom-killed",
    subject: "workspace",
    rule: "oom-killed",
    says: /memory/,
    quotes: /OOMKilled/,
    spec: {
      containers: [{
        name: "dev",
        image: "codercom/enterprise-base:ubuntu",
        resources: { limits: { memory: "256Mi" } },
      }],
    },
    words: crashes({ reason: "OOMKilled", exitCode: 137 }),
  }),
  podFailure({
    id: "control-plane-oom-killed",
    asked: "oom-killed",
    subject: "controlplane",
    rule: "oom-killed",
    says: /memory limit.*512Mi|512Mi/,
    quotes: /OOMKilled/,
    spec: { resources: { limits: { memory: "512Mi" } } },
    words: crashes({ reason: "OOMKilled", exitCode: 137 }),
  }),
  podFailure({
    id: "failing-readiness",
    subject: "controlplane",
    rule: "readiness-failing",
    says: /readiness probe/i,
    quotes: /statuscode: 503/,
    words: runs(false),
    warnings: [["Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"]],
    isCoderAway: false,
  }),
  podFailure({
    id: "command-not-found",
    subject: "workspace",
    rule: "command-not-found",
    says: /zsh/,
    quotes: /executable file not found/,
    spec: {
      containers: [{ name: "dev", image: "codercom/enterprise-base:ubuntu", command: ["zsh", "-c", "x"] }],
    },
    words: crashes({
      reason: "StartError",
      exitCode: 128,
      message:
        'failed to create containerd task: failed to create shim task: OCI runtime create failed: exec: "zsh": ' +
        "executable file not found in $PATH: unknown",
    }),
  }),
];
