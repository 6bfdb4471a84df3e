/** Secrets that are missing, or that lack what is looked for in them. */
import { type KubeFailure, podFailure } from "./kube_failure.ts";
import { waits } from "./kubelet_says.ts";

const env = (name: string, key: string) => ({
  extraEnv: [{ name: "CODER_PG_CONNECTION_URL", valueFrom: { secretKeyRef: { name, key } } }],
});
const config = (message: string) => ({
  words: waits("CreateContainerConfigError", message),
  warnings: [["Failed", `Error: ${message}`]] as const,
});

/** As the kubelet says it; `NS` is the namespace. */
const WRONG_KEY = "couldn't find key url in Secret NS/coder-db";

const wrongKey = podFailure({
  id: "secret-wrong-key",
  subject: "controlplane",
  rule: "secret-wrong-key",
  says: /coder-db.*\burl\b|\burl\b.*coder-db/,
  quotes: /ur[il]/,
  spec: env("coder-db", "url"),
  ...config(WRONG_KEY),
});

export const SECRETS: readonly KubeFailure[] = [
  podFailure({
    id: "secret-missing",
    subject: "controlplane",
    rule: "secret-missing",
    says: /coder-db-url/,
    quotes: /coder-db-url/,
    spec: env("coder-db-url", "url"),
    ...config('secret "coder-db-url" not found'),
  }),
  {
    ...wrongKey,
    touches: ["pod", "secret"],
    async prepare(lab, name) {
      await wrongKey.prepare?.(lab, name);
      const password = lab.planted.secret("a Secret with another key");
      const stringData = { uri: `postgres://coder:${password}@db/coder` };
      if (await lab.find("Secret", "coder-db") === undefined) {
        await lab.create("Secret", "coder-db", { stringData });
      }
    },
  },
  podFailure({
    id: "workspace-secret-missing",
    asked: "secret-missing",
    subject: "workspace",
    rule: "secret-missing",
    says: /git-credentials/,
    quotes: /git-credentials/,
    spec: {
      containers: [{
        name: "dev",
        image: "codercom/enterprise-base:ubuntu",
        env: [{ name: "GIT_TOKEN", valueFrom: { secretKeyRef: { name: "git-credentials", key: "token" } } }],
      }],
    },
    ...config('secret "git-credentials" not found'),
  }),
  podFailure({
    id: "volume-mount-failing",
    subject: "workspace",
    rule: "volume-mount-failing",
    says: /cannot be mounted/,
    quotes: /Multi-Attach error/,
    words: waits("ContainerCreating", ""),
    warnings: [[
      "FailedAttachVolume",
      'Multi-Attach error for volume "pvc-0f8fad5b" Volume is already exclusively attached to one node and can\'t be ' +
      "attached to another",
    ]],
    laterMs: 120_000,
  }),
];
