/** What is known of one control plane's licences: in this process, and from its status after a restart. */
import type { ControlPlaneStatus } from "../../../api/control_plane.ts";
import type { License } from "../../../coder/mod.ts";
import { conditionOf } from "../../../workload/conditions.ts";
import type { StatusChange } from "../../report.ts";
import { rfc3339 } from "../../../operator/visit/times.ts";

/** Why Coder does not take a licence. */
export interface LicenseRefusal {
  readonly reason: "Error" | "NotSupported";
  readonly message: string;
}

/** The Go operator wrote the time of its upload right after it, in milliseconds. */
const UPLOAD_SLACK_MS = 60_000;

/** Which licence is in, which ones are ours, and which one is not to be sent again. */
export class LicenseMemory {
  /** Of the licence that is in. */
  #hash: string | undefined;
  #appliedAt: string | undefined;
  readonly #ours: Set<string>;
  /** The status told nothing of whose the licence is: the Go operator wrote it. */
  #inherited: boolean;
  #verified: boolean;
  #wanted: string | undefined;
  #uncertain: string | undefined;
  #refused: { hash: string; version: string | undefined; refusal: LicenseRefusal } | undefined;

  constructor(status: ControlPlaneStatus) {
    this.#hash = status.licenseLastAppliedHash;
    this.#appliedAt = status.licenseLastApplied;
    this.#ours = new Set((status.appliedLicenses ?? []).map((uuid) => uuid.toLowerCase()));
    this.#inherited = status.appliedLicenses === undefined;
    this.#verified = conditionOf(status.conditions, "LicenseApplied")?.status === "True";
  }

  /** The Secret holds the licence with this hash. */
  want(hash: string): void {
    this.#wanted = hash;
  }

  /** What the Secret holds, as far as it is known, was in Coder when it was last looked at. */
  get isApplied(): boolean {
    return this.#verified && (this.#wanted === undefined || this.#wanted === this.#hash);
  }

  /** The operator added a licence. */
  added(hash: string, { uuid }: License, now: Date): void {
    this.#ours.add(uuid.toLowerCase());
    this.#apply(hash, now);
  }

  /** A licence is there. It is ours where our own upload may have put it there. Undefined: it is there unseen. */
  found(hash: string, entry: License | undefined, now: Date): void {
    if (entry !== undefined && (this.#uncertain === hash || this.#uploadedByUs(hash, entry))) {
      this.#ours.add(entry.uuid.toLowerCase());
    }
    if (this.#hash === hash) this.#verified = true;
    else this.#apply(hash, now);
  }

  /** An upload failed in a way that leaves open whether it happened. */
  uncertain(hash: string): void {
    this.#uncertain = hash;
  }

  /** Coder refused a licence. Another version of Coder may take it. */
  refused(hash: string, version: string | undefined, refusal: LicenseRefusal): void {
    this.#refused = { hash, version, refusal };
  }

  /** Why a licence is not to be sent again; undefined where it may be. */
  refusal(hash: string, version: string | undefined): LicenseRefusal | undefined {
    const refused = this.#refused;
    return refused?.hash === hash && refused.version === version ? refused.refusal : undefined;
  }

  /** Whether the operator added a licence. */
  isOurs(uuid: string): boolean {
    return this.#ours.has(uuid.toLowerCase());
  }

  /** All others of ours are gone. */
  keepOnly({ uuid }: License): void {
    for (const each of this.#ours) if (each !== uuid.toLowerCase()) this.#ours.delete(each);
  }

  /** Changes whenever another licence is in. */
  get stamp(): string {
    return `${this.#hash ?? ""} ${[...this.#ours].join(" ")}`.trim();
  }

  /** For the status of the control plane. */
  status(): StatusChange {
    return {
      licenseLastApplied: this.#appliedAt,
      licenseLastAppliedHash: this.#hash,
      appliedLicenses: this.#ours.size === 0 ? undefined : [...this.#ours],
    };
  }

  #apply(hash: string, now: Date): void {
    this.#hash = hash;
    this.#appliedAt = rfc3339(now);
    this.#verified = true;
    this.#inherited = false;
    this.#uncertain = undefined;
    this.#refused = undefined;
  }

  #uploadedByUs(hash: string, { uploaded_at }: License): boolean {
    if (!this.#inherited || this.#hash !== hash) return false;
    const apart = Date.parse(this.#appliedAt ?? "") - Date.parse(uploaded_at);
    return Math.abs(apart) <= UPLOAD_SLACK_MS;
  }
}
