/** The words that the life of a provisioner key is told in. All of it is data: nothing here holds the key itself. */

/** A Coder deployment, as the control plane that names it. */
export interface KeyHome {
  /** Namespace of the CoderControlPlane. */
  readonly namespace: string;
  readonly name: string;
  /** What stays the same when the address changes: Coder's own deployment id. Undefined where it is not known. */
  readonly deploymentId?: string | undefined;
  readonly url?: string | undefined;
  /** The Secret with the token that keys are made and deleted with. */
  readonly tokenSecret?: TokenSecretRef | undefined;
}

/** A key of a Secret. */
export interface TokenSecretRef {
  /** @default the control plane's */
  readonly namespace?: string | undefined;
  readonly name: string;
  /** @default {"token"} */
  readonly key?: string | undefined;
}

/** An organization of a Coder deployment. */
export interface KeyOrganization {
  readonly name: string;
  readonly id?: string | undefined;
}

/** A key in Coder. What is undefined is not known; it counts as right until somebody knows better. */
export interface Key {
  readonly name: string;
  readonly id?: string | undefined;
  readonly organization: KeyOrganization;
  /** As `tagsHash` or `legacyTagsHash` of `hashes.ts` give it. */
  readonly tagsHash?: string | undefined;
  /** As `valueHash` of `hashes.ts` gives it. */
  readonly valueHash?: string | undefined;
  /** RFC 3339. */
  readonly createdAt?: string | undefined;
  readonly home: KeyHome;
}

/** What is to become of a key that is not the present one. */
export type IntentStep =
  /** It is to be made; whether Coder was asked already is unknown. */
  | "Making"
  /** Nobody has its value: it is deleted as soon as possible. */
  | "Undoing"
  /** Pods may use it: it is deleted once all of them run with the present one. */
  | "Retiring";

/** A key that is not the present one. Its name is on record before Coder ever hears of it. */
export interface KeyIntent extends Key {
  readonly step: IntentStep;
  /** RFC 3339. */
  readonly since: string;
  /** The request for a rotation that this key answers. */
  readonly rotation?: string | undefined;
}

/** After a failed call: when the next one may go. */
export interface Hold {
  /** RFC 3339. */
  readonly notBefore: string;
  /** Failures in a row. */
  readonly failures: number;
  /** CamelCase, for conditions. */
  readonly reason: string;
  /** For people; no secrets. */
  readonly message: string;
  /** Whom the call went to, as `namespace/name`. */
  readonly home: string;
  /** What was asked for, as `inputsHash` gives it: a change of it lifts the hold. Undefined: nothing does but time. */
  readonly inputs?: string | undefined;
}

/** What is on record about the keys of one provisioner: all that must survive a crash. */
export interface KeyRecord {
  /** The key in use, or that was last put to use. */
  readonly present?: Key | undefined;
  /** At most one of them is `Making`. */
  readonly intents: readonly KeyIntent[];
  /** The last request for a rotation that was carried out. */
  readonly rotation?: string | undefined;
  /** When a key was last made or deleted, RFC 3339: an older list of keys says nothing. */
  readonly changedAt?: string | undefined;
  /** At most one for each deployment. */
  readonly holds: readonly Hold[];
}

/** What the provisioner's spec and its control plane ask for. */
export interface KeyWanted {
  /** UID of the provisioner: tells its keys from those of others. */
  readonly uid: string;
  /** `spec.key.name`, or the provisioner's own name. */
  readonly baseName: string;
  readonly organization: KeyOrganization;
  readonly tags: Readonly<Record<string, string>>;
  readonly home: KeyHome;
  /** The age at which a key is replaced, in milliseconds. @default never */
  readonly rotateAfterMs?: number | undefined;
  /** A request for a rotation: the value of an annotation. A new value is a new request. */
  readonly rotate?: string | undefined;
  /** The user brings the key: none is made, and the Secret is never written. */
  readonly existingSecret: boolean;
  /** Changes with the credentials for Coder: after a refusal, new ones are tried at once. */
  readonly credentials?: string | undefined;
}

/** One answer of Coder to "which keys are there", in the wanted organization of the wanted deployment. */
export interface KeyListing {
  /** When it was asked for, in milliseconds since 1970. */
  readonly takenAt: number;
  readonly keys: readonly {
    readonly id: string;
    readonly name: string;
    readonly tags: Readonly<Record<string, string>>;
    /** RFC 3339. */
    readonly created_at: string;
  }[];
}

/** What the Secret holds, without the value. */
export type SecretView =
  /** There is no Secret, or nothing at the data key. */
  | { readonly state: "missing" }
  /** Somebody else's, and nobody said that it may be taken. */
  | { readonly state: "foreign"; readonly message: string }
  | {
    readonly state: "held";
    readonly valueHash: string;
    /** The checksum that the Go operator would put on pods. */
    readonly legacyChecksum: string;
    /** What was written beside the value: whose it is, and the hash that it had. */
    readonly label?: { readonly keyName: string; readonly valueHash: string } | undefined;
  };

/** What is known around the keys at one moment. */
export interface KeyFacts {
  readonly wanted: KeyWanted;
  readonly record: KeyRecord;
  readonly secret: SecretView;
  /** Undefined where there is none yet. An old one does no harm. */
  readonly listing?: KeyListing | undefined;
  /**
   * The checksum of the key that every pod runs with: as many pods as wanted are ready with it, the template carries it,
   * and no other pod is left, those that are ending included. Undefined while that is not so.
   */
  readonly rolledWith: string | undefined;
  /** The licence allows external provisioners. */
  readonly entitled: boolean;
  /** Why Coder cannot be asked now: then nobody knows what the licence allows. @default it can */
  readonly closed?: string | undefined;
  readonly now: Date;
}

/** Something to tell by an Event. */
export interface KeyEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}
