/** From the bytes of a body to a value. */
import { badRequest, type StatusError, unsupportedMediaType } from "../../serving/status_errors.ts";
import { parseJson } from "./json_text.ts";
import { MalformedError, type Parsed } from "./parsed.ts";
import { parseYaml } from "./yaml_text.ts";

export const JSON_TYPE = "application/json";
export const YAML_TYPE = "application/yaml";
/** What objects may be sent as. */
export const OBJECT_TYPES: readonly string[] = [JSON_TYPE, YAML_TYPE];

/** A body as it came, and what its sender says of it. */
export interface Body {
  /** Lower case, without parameters; empty is JSON. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** A body in one of {@linkcode OBJECT_TYPES}. @throws {StatusError} 415 for other types, 400 for what cannot be read */
export function parseBody({ contentType, body }: Body): Parsed {
  if (contentType !== "" && !OBJECT_TYPES.includes(contentType)) throw unsupportedMediaType(OBJECT_TYPES);
  try {
    return contentType === YAML_TYPE ? parseYamlBytes(body) : parseJsonBytes(body);
  } catch (error) {
    throw asBadRequest(
      error,
      `the body of the request is not ${contentType === YAML_TYPE ? "YAML" : "JSON"}`,
    );
  }
}

/** @throws {MalformedError} */
export function parseJsonBytes(body: Uint8Array): Parsed {
  return parseJson(textOf(body));
}

/** JSON is YAML too, and read faster: clients send it as such. @throws {MalformedError} */
export function parseYamlBytes(body: Uint8Array): Parsed {
  const text = textOf(body);
  if (text.trimStart().startsWith("{")) {
    try {
      return parseJson(text);
    } catch {
      // Then it is YAML that looks like it.
    }
  }
  return parseYaml(text);
}

/** A {@linkcode MalformedError} for the client; other errors stay what they are. */
export function asBadRequest(error: unknown, what: string): StatusError | unknown {
  return error instanceof MalformedError ? badRequest(`${what}: ${error.message}`) : error;
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new MalformedError("no UTF-8");
  }
}
