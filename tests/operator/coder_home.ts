/** A control plane whose Coder is a fake and runs already: its status is written by hand, and no controller looks at it. */
import { randomUUID } from "node:crypto";
import {
  type CoderControlPlane,
  CoderControlPlanes,
  type ControlPlaneStatus,
} from "../../src/api/control_plane.ts";
import { operatorTokenName, operatorTokenSecretName } from "../../src/workload/names.ts";
import { GO_STATUS } from "../controlplane/go_status.ts";
import { type FakeCoder, type FakeCoderOptions, fakeLicense, startFakeCoder } from "../fake-coder/mod.ts";
import type { FakeUser, LicenseWords } from "../fake-coder/mod.ts";
import { CustomObjects } from "./custom_objects.ts";
import type { LiveObjects } from "./live_objects.ts";

/** What our status says of external provisioners. */
export type Entitlement = "entitled" | "grace_period" | "not_entitled" | "unknown";

export interface CoderHomeOptions extends FakeCoderOptions {
  /** Of the control plane. @default {"coder"} */
  name?: string;
  /** @default {{}} */
  spec?: CoderControlPlane["spec"];
  /** Whose status it has: ours, or that of the Go operator. @default {"ours"} */
  status?: "ours" | "goOperator";
  /** The licence of the deployment; null for none. @default {an enterprise licence} */
  license?: LicenseWords | null;
  /** A fake that is there already: another way to the same deployment. @default {a new one} */
  fake?: FakeCoder;
}

/** Where users reach the Coders of tests: what coderd calls its access URL. */
export const PUBLIC_URL = "https://coder.example.com";

/** A call that arrived, such as `POST /api/v2/organizations/{organization}/provisionerkeys`. */
export type CallText = string;

/** See the file's head. */
export class CoderHome implements AsyncDisposable {
  readonly #objects: CustomObjects<CoderControlPlane>;
  /** The operator's own user in Coder. */
  readonly user: FakeUser;
  /** The operator's token; what `renewToken` changes. */
  token: string;
  readonly #tokenSecret: string;

  private constructor(
    readonly name: string,
    readonly live: LiveObjects,
    readonly fake: FakeCoder,
    private readonly endsFake: boolean,
  ) {
    this.#objects = new CustomObjects(CoderControlPlanes, live);
    this.#tokenSecret = operatorTokenSecretName(name);
    const username = "coder-k8s-operator";
    this.user = fake.state.user(username) ??
      fake.state.addUser({
        username,
        email: `${username}@coder-k8s.invalid`,
        is_system: true,
        login_type: "none",
      });
    this.token = this.#newToken();
  }

  /** Makes Coder, control plane and token Secret. */
  static async make(live: LiveObjects, options: CoderHomeOptions = {}): Promise<CoderHome> {
    const { name = "coder", spec = {}, status = "ours", license = {}, fake, ...fakeOptions } = options;
    const home = new CoderHome(name, live, fake ?? await startFakeCoder(fakeOptions), fake === undefined);
    if (fake === undefined) {
      home.license(license);
      // Every Coder knows the address that its users type.
      home.fake.state.environment.set("CODER_ACCESS_URL", PUBLIC_URL);
    }
    await home.#objects.create(name, spec);
    await live.putSecret(home.#tokenSecret, { token: home.token });
    await home.status(status === "goOperator" ? home.#goStatus() : home.#ownStatus());
    return home;
  }

  get namespace(): string {
    return this.live.namespace;
  }

  /** `namespace/name`, as the operator's option for addresses has it. */
  get key(): string {
    return `${this.namespace}/${this.name}`;
  }

  /** Where the operator's token is. */
  get tokenSecretRef(): { name: string; key: string } {
    return { name: this.#tokenSecret, key: "token" };
  }

  /** `status.url`, which pods are given. */
  get url(): string {
    return `http://${this.name}.${this.namespace}.svc.cluster.local:80`;
  }

  /** The control plane as it is stored. */
  object(): Promise<CoderControlPlane> {
    return this.#objects.stored(this.name);
  }

  /** Changes fields of its status; null removes one. */
  async status(change: { [K in keyof ControlPlaneStatus]?: ControlPlaneStatus[K] | null }): Promise<void> {
    await this.live.send("PATCH", this.#objects.path(this.name, "status"), { status: change }, "coder-k8s");
  }

  /** Changes the control plane as a user does. */
  async change(patch: object): Promise<void> {
    await this.#objects.change(this.name, patch);
  }

  /** Deletes the control plane and, as garbage collection does, its token's Secret. Its Coder goes on. */
  async remove(): Promise<void> {
    await this.#objects.delete(this.name);
    await this.#objects.gone(this.name);
    await this.live.send("DELETE", `v1/secrets/${this.#tokenSecret}`);
  }

  /** Gives Coder one licence, or none, without a request. The control plane's status does not know yet. */
  license(words: LicenseWords | null): void {
    const { licenses, nextLicenseId } = this.fake.state;
    licenses.length = 0;
    if (words === null) return;
    const jwt = fakeLicense(words);
    const claims = JSON.parse(
      new TextDecoder().decode(Uint8Array.fromBase64(jwt.split(".")[1] ?? "", { alphabet: "base64url" })),
    );
    licenses.push({
      id: nextLicenseId,
      uuid: randomUUID(),
      uploaded_at: this.fake.state.time(),
      claims,
      jwt,
    });
    this.fake.state.nextLicenseId++;
  }

  /** Coder has or loses the right to external provisioners, and the control plane's status says so. */
  async entitled(entitlement: Entitlement): Promise<void> {
    const second = Math.floor(this.fake.state.now() / 1_000);
    if (entitlement === "entitled") this.license({});
    else if (entitlement === "grace_period") this.license({ license_expires: second - 60 });
    else this.license(null);
    await this.status({
      externalProvisionerDaemonsEntitlement: entitlement,
      entitlementsLastChecked: now(),
    });
  }

  /** Ends the operator's token in Coder; with `replace`, a new one is in the Secret first. */
  async revokeToken(options: { replace?: boolean } = {}): Promise<void> {
    const old = this.token;
    if (options.replace === true) {
      this.token = this.#newToken();
      await this.live.putSecret(this.#tokenSecret, { token: this.token });
    }
    this.fake.state.keys.delete(old.split("-")[0] ?? "");
  }

  /** From now on: a function that gives the calls since then, in the order of their arrival. */
  listen(filter: { method?: string; route?: RegExp } = {}): () => CallText[] {
    const from = this.fake.requests.length;
    return () =>
      this.fake.requests.slice(from)
        .filter(({ method, route = "" }) =>
          (filter.method === undefined || filter.method === method) && (filter.route?.test(route) ?? true)
        )
        .map(({ method, route, path }) => `${method} ${route ?? path}`);
  }

  /** Ends Coder, and fails where a request broke its rules. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.endsFake) return;
    await this.fake[Symbol.asyncDispose]();
    this.fake.assertClean();
  }

  #newToken(): string {
    const token_name = operatorTokenName(this.namespace, this.name);
    return this.fake.state.addToken(this.user, { token_name, lifetime_seconds: 30 * 86_400 });
  }

  #goStatus(): ControlPlaneStatus {
    return { ...GO_STATUS(1, this.namespace), url: this.url, operatorTokenSecretRef: this.tokenSecretRef };
  }

  #ownStatus(): ControlPlaneStatus {
    const at = now();
    const conditions = ["Ready", "Available", "OperatorAccess"].map((type) => ({
      type,
      status: "True" as const,
      reason: type === "OperatorAccess" ? "TokenValid" : "AsExpected",
      message: "",
      observedGeneration: 1,
      lastTransitionTime: at,
    }));
    return {
      observedGeneration: 1,
      readyReplicas: 1,
      phase: "Ready",
      url: this.url,
      internalURL: this.url,
      version: this.fake.settings.version.replace(/\+.*/, ""),
      operatorTokenSecretRef: this.tokenSecretRef,
      operatorAccessReady: true,
      operatorTokenName: operatorTokenName(this.namespace, this.name),
      licenseTier: "enterprise",
      entitlementsLastChecked: at,
      externalProvisionerDaemonsEntitlement: "entitled",
      conditions,
    };
  }
}

/** Whole seconds, as Kubernetes has times. */
function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}
