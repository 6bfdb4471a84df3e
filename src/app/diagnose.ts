/** `coder-k8s diagnose`: one look at one object, for the person at the terminal. */
import { diagnose, type Diagnosis, NoSubjectError, type Subject } from "../diagnosis/mod.ts";
import type { Config } from "./config.ts";
import { ownLog, personAt, type PersonOptions } from "./person.ts";

export { type Cause, type Diagnosis, type NextStep, stateAlone, type SubjectKind } from "../diagnosis/mod.ts";

/** What is looked at; without a namespace it is in that of the kubeconfig's context. */
export type AskedSubject = Omit<Subject, "namespace"> & { readonly namespace?: string | undefined };

export interface DiagnoseOptions extends PersonOptions {
  /** Ends it; rejects with its reason. */
  readonly signal: AbortSignal;
}

/** There is nothing to tell: the object is not there or may not be seen, or nobody can be asked. The message says it. */
export class NoDiagnosisError extends Error {
  override readonly name = "NoDiagnosisError";
}

/** Without secrets, fit to be shown. @throws {NoDiagnosisError} */
export async function diagnoseAt(
  config: Config,
  { kind, namespace, name }: AskedSubject,
  { signal, ...options }: DiagnoseOptions,
): Promise<Diagnosis> {
  const person = await personAt("diagnose", config, options).catch((error: unknown) => {
    throw new NoDiagnosisError(error instanceof Error ? error.message : String(error), { cause: error });
  });
  const { cluster, coders, redaction } = person;
  try {
    const subject = { kind, name, namespace: namespace ?? person.namespace };
    return redaction.value(await diagnose(subject, { cluster, coders, now: Date.now }, { signal }));
  } catch (error) {
    if (!(error instanceof NoSubjectError)) throw error;
    throw new NoDiagnosisError(redaction.text(error.message), { cause: error });
  } finally {
    person.close();
  }
}

/** The same with a log and a redactor of its own; `refusal` says why there is nothing to tell. */
export async function lookAndTell(
  config: Config,
  subject: AskedSubject,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly diagnosis: Diagnosis } | { readonly refusal: string }> {
  const { log, redactor } = ownLog(config);
  const { signal } = new AbortController();
  try {
    return { diagnosis: await diagnoseAt(config, subject, { signal, log, redactor, environment }) };
  } catch (error) {
    if (error instanceof NoDiagnosisError) return { refusal: redactor.text(error.message) };
    throw error;
  }
}
