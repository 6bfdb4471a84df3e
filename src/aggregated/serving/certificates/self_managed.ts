/** A certificate of our own, in a Secret that all replicas share, followed by another in time. */
import type { ObjectKey } from "../../../api/object.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { type Clock, systemClock } from "../../../kube/clock.ts";
import { type Logger, silentLogger } from "../../../telemetry/logger.ts";
import { keepCaBundle } from "./ca_bundle.ts";
import { bundleOf, type Certificates, rotate, type RotationOptions } from "./rotation.ts";
import { keepCertificates } from "./secret_store.ts";
import { type CertificateSource, CurrentCertificate } from "./source.ts";

export interface SelfManagedOptions extends Omit<RotationOptions, "dnsNames" | "isTrusted"> {
  readonly client: Pick<KubeClient, "get" | "create" | "update" | "patch">;
  readonly secret: ObjectKey;
  /** The Service under which the API server reaches us. */
  readonly service: ObjectKey;
  /** Such as `v1alpha1.aggregation.coder.com`; absent: whoever made the APIService sets its bundle. */
  readonly apiService?: string;
  /** The domain of the cluster. @default {"cluster.local"} */
  readonly clusterDomain?: string;
  /** How often it is looked what there is, in milliseconds. @default {60_000} */
  readonly lookMs?: number;
  /** How soon it is tried again after a failure, in milliseconds. @default {5_000} */
  readonly retryMs?: number;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** All names of a Service, the one that the API server asks for first. */
export function serviceNames({ namespace, name }: ObjectKey, clusterDomain = "cluster.local"): string[] {
  const whole = `${name}.${namespace}.svc`;
  return [whole, `${whole}.${clusterDomain}`, `${name}.${namespace}`, name, "localhost"];
}

/** Makes a source; nothing is read or written before `run`. */
export function createSelfManagedCertificate(options: SelfManagedOptions): CertificateSource {
  return new SelfManagedCertificate(options);
}

class SelfManagedCertificate extends CurrentCertificate implements CertificateSource {
  readonly #options: SelfManagedOptions;
  readonly #log: Logger;
  readonly #clock: Clock;
  #trouble = "";
  #last: Certificates | undefined;
  /** The bundle that the APIService is known to have. */
  #told: string | undefined;
  #isAbsent = false;

  constructor(options: SelfManagedOptions) {
    super();
    this.#options = options;
    this.#log = (options.log ?? silentLogger).child({
      keptIn: `${options.secret.namespace}/${options.secret.name}`,
    });
    this.#clock = options.clock ?? systemClock;
  }

  get trouble(): string {
    return this.#trouble;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { lookMs = 60_000, retryMs = 5_000 } = this.#options;
    while (!signal.aborted) {
      const isWell = await this.#look(signal) && !this.#isAbsent;
      await this.#clock.sleep(isWell ? lookMs * (0.9 + Math.random() / 5) : retryMs, signal).catch(() => {});
    }
  }

  /** @returns whether all is as it should be */
  async #look(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#keep(signal);
      this.#trouble = "";
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const why = error instanceof Error ? error.message : String(error);
      const trouble = `the serving certificate cannot be kept: ${why}`;
      if (trouble !== this.#trouble) this.#log.warn("the serving certificate cannot be kept", { error });
      this.#trouble = trouble;
      return false;
    }
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { client, secret, service, apiService, clusterDomain, authorityMs, servingMs, overlapMs } =
      this.#options;
    const rotation: Omit<RotationOptions, "isTrusted"> = {
      dnsNames: serviceNames(service, clusterDomain),
      ...(authorityMs === undefined ? {} : { authorityMs }),
      ...(servingMs === undefined ? {} : { servingMs }),
      ...(overlapMs === undefined ? {} : { overlapMs }),
    };
    const { certificates, wasWritten } = await keepCertificates(
      { client, secret, signal },
      (found) => {
        // A Secret that somebody deleted comes back as it was: its authority is trusted.
        const before = found ?? this.#last;
        const isTrusted = apiService === undefined ||
          (before !== undefined && this.#told === bundleOf(before));
        return rotate(before, this.#clock.wallTime(), { ...rotation, isTrusted });
      },
    );
    this.#last = certificates;
    if (wasWritten) this.#log.info("wrote the serving certificate and its authority");
    if (this.set(certificates.serving)) this.#log.info("uses another serving certificate");
    if (apiService === undefined) return;
    const bundle = bundleOf(certificates);
    const done = await keepCaBundle({ client, apiService, service, signal }, bundle);
    if (done === "written") {
      this.#log.info("told the API server which authorities to trust", { apiService });
    }
    if (done === "absent" && !this.#isAbsent) {
      const name = `${service.namespace}/${service.name}`;
      this.#log.warn("there is no APIService for our Service: nobody is told of the API", {
        apiService,
        service: name,
      });
    }
    // Where nobody is told, nobody has to trust anything before it is used.
    this.#isAbsent = done === "absent";
    this.#told = bundle;
  }
}
