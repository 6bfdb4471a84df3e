/** What is on record about the registrations of one workspace proxy: all that must survive a crash. */
import type { WorkspaceProxyStatus } from "../../api/workspace_proxy.ts";
import type {
  FormerProxyRegistration,
  ProxyRegistration,
  ProxyRegistrationIntent,
} from "../../api/workspace_proxy_registration.ts";

/** At which Coder, and by which token: what a call needs. */
export type Place = Pick<
  ProxyRegistration,
  "coderURL" | "controlPlaneName" | "controlPlaneNamespace" | "tokenSecretRef"
>;

/** The fields of the status, which are written together. */
export interface RegistrationRecord {
  /** There is a registration. Alone, without the others, it is of the Go operator. */
  readonly registered?: true;
  readonly registration?: ProxyRegistration;
  /** On record before Coder ever hears of it. */
  readonly registrationIntent?: ProxyRegistrationIntent;
  readonly formerRegistrations?: readonly FormerProxyRegistration[];
}

/** Reads it. */
export function recordOf(status: WorkspaceProxyStatus): RegistrationRecord {
  const { registered, registration, registrationIntent, formerRegistrations = [] } = status;
  return {
    ...(registered === true && { registered }),
    ...(registration !== undefined && { registration }),
    ...(registrationIntent !== undefined && { registrationIntent }),
    ...(formerRegistrations.length > 0 && { formerRegistrations }),
  };
}

/** The status fields; undefined takes one away. */
export function statusOf(record: RegistrationRecord): {
  [F in keyof Required<RegistrationRecord>]: WorkspaceProxyStatus[F] | undefined;
} {
  const { registered, registration, registrationIntent, formerRegistrations } = record;
  return {
    registered,
    registration,
    registrationIntent,
    formerRegistrations: formerRegistrations === undefined ? undefined : [...formerRegistrations],
  };
}

/** True where the Go operator registered a proxy and this one has not looked at it yet. */
export function isOfGoOperator(record: RegistrationRecord): boolean {
  return record.registered === true && record.registration === undefined &&
    record.registrationIntent === undefined && record.formerRegistrations === undefined;
}

/** Nothing but the place. */
export function placeOf({ coderURL, controlPlaneName, controlPlaneNamespace, tokenSecretRef }: Place): Place {
  return {
    coderURL,
    ...(controlPlaneName !== undefined && { controlPlaneName }),
    ...(controlPlaneNamespace !== undefined && { controlPlaneNamespace }),
    tokenSecretRef,
  };
}

/** True where calls to both go to the same address with the token of the same Secret. */
export function isSamePlace(a: Place, b: Place): boolean {
  return a.coderURL === b.coderURL && a.controlPlaneName === b.controlPlaneName &&
    a.controlPlaneNamespace === b.controlPlaneNamespace &&
    a.tokenSecretRef.namespace === b.tokenSecretRef.namespace &&
    a.tokenSecretRef.name === b.tokenSecretRef.name && a.tokenSecretRef.key === b.tokenSecretRef.key;
}

/** True for the same attempt, not for another one of the same name. */
export function isSameIntent(
  a: ProxyRegistrationIntent | undefined,
  b: ProxyRegistrationIntent | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.name === b.name && a.since === b.since && isSamePlace(a, b);
}

/** What a completed registration is called and where it is; `id` and `name` as Coder has them. */
export function withRegistration(
  record: RegistrationRecord,
  { id, name }: { id: string; name: string },
  place: Place,
  now: Date,
): RegistrationRecord {
  const { registration: before } = record;
  const formers = (record.formerRegistrations ?? []).filter((former) => former.id !== id);
  const old = before === undefined || before.id === id ? [] : [formerOf(before, now)];
  return recordWith({ registration: { id, name, ...placeOf(place) }, formers: [...formers, ...old] });
}

/** A registration is begun. One that is not there any more, at the same place, is forgotten. */
export function withIntent(
  record: RegistrationRecord,
  name: string,
  place: Place,
  now: Date,
): RegistrationRecord {
  const { registration, formerRegistrations } = record;
  const isElsewhere = registration !== undefined && !isSamePlace(registration, place);
  return recordWith({
    registration: isElsewhere ? registration : undefined,
    intent: { name, since: timeText(now), ...placeOf(place) },
    formers: formerRegistrations,
  });
}

/** The intent is given up. `leftover`: Coder may have carried it out, at another place than ours. */
export function withoutIntent(record: RegistrationRecord, leftover: boolean): RegistrationRecord {
  const { registration, registrationIntent: intent, formerRegistrations = [] } = record;
  const former = leftover && intent !== undefined ? [{ ...intent }] : [];
  return recordWith({ registration, formers: [...formerRegistrations, ...former] });
}

/**
 * A proxy was found that only a begun registration can have made: the one of its name at this Coder is not to be removed.
 * Of several nobody can tell which: they stay.
 */
export function withoutBegun(
  record: RegistrationRecord,
  found: { name: string },
  { coderURL }: Place,
): RegistrationRecord {
  const { registration, registrationIntent: intent, formerRegistrations = [] } = record;
  const begun = formerRegistrations.filter((former) =>
    former.id === undefined && former.coderURL === coderURL &&
    former.name.toLowerCase() === found.name.toLowerCase()
  );
  if (begun.length !== 1 || intent !== undefined) return record;
  return recordWith({ registration, formers: formerRegistrations.filter((each) => each !== begun[0]) });
}

/** There is to be no registration. `keep`: the present one is in use all the same, and not ours any more. */
export function retired(record: RegistrationRecord, keep: boolean, now: Date): RegistrationRecord {
  const { registration, formerRegistrations = [] } = withoutIntent(record, true);
  const old = registration === undefined || keep ? [] : [formerOf(registration, now)];
  return recordWith({ formers: [...formerRegistrations, ...old] });
}

/** Another proxy of ours was found at the place of the present registration. It has to go. */
export function withStray(
  record: RegistrationRecord,
  { id, name }: { id: string; name: string },
  place: Place,
  now: Date,
): RegistrationRecord {
  const { registration, registrationIntent: intent, formerRegistrations = [] } = record;
  const stray = { id, name, since: timeText(now), ...placeOf(place) };
  return recordWith({ registration, intent, formers: [...formerRegistrations, stray] });
}

/** One of the former ones is gone. */
export function withoutFormer(record: RegistrationRecord, gone: FormerProxyRegistration): RegistrationRecord {
  const { registration, registrationIntent: intent, formerRegistrations = [] } = record;
  return recordWith({
    registration,
    intent,
    formers: formerRegistrations.filter((former) => former !== gone),
  });
}

/** As RFC 3339, with seconds. */
export function timeText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

function formerOf(registration: ProxyRegistration, now: Date): FormerProxyRegistration {
  const { id, name } = registration;
  return { id, name, since: timeText(now), ...placeOf(registration) };
}

function recordWith({ registration, intent, formers = [] }: {
  registration?: ProxyRegistration | undefined;
  intent?: ProxyRegistrationIntent | undefined;
  formers?: readonly FormerProxyRegistration[] | undefined;
}): RegistrationRecord {
  return {
    ...(registration !== undefined && { registered: true, registration }),
    ...(intent !== undefined && { registrationIntent: intent }),
    ...(formers.length > 0 && { formerRegistrations: formers }),
  };
}
