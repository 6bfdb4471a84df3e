/** What goes wrong in a workspace, as all engines say it. */
import { SessionError, type SessionErrorCode } from "../../types.ts";

/** What a request answers before its content: `ok …`, or `no <why>`. */
export interface Said {
  /** The words after `ok`. */
  readonly words: readonly string[];
  readonly body: Uint8Array;
}

type Reason = readonly [SessionErrorCode, string];

const REASONS: Readonly<Record<string, Reason>> = {
  noent: ["not_found", "there is nothing of that name; fs.list shows what there is"],
  notdir: ["invalid", "a part of the path is a file, not a directory"],
  isdir: ["invalid", "it is a directory; fs.list shows what is in it"],
  odd: ["invalid", "it is no regular file"],
  access: ["forbidden", "its permissions do not allow it; run.command can change them with chmod"],
  loop: ["invalid", "it is a link that leads through more than 40 links, or to itself"],
  nospace: ["limit", "the disk is full: remove files that are not needed"],
  exists: ["conflict", "it is there already; mode replace would replace it"],
  missing: ["conflict", "there is no such file (any more), and ifSha256 asks for one"],
  changed: ["conflict", "it was changed meanwhile; read it again"],
};

/** What tools of a workspace say, in the words of the C locale. */
const SYSTEM: readonly (readonly [RegExp, Reason])[] = [
  [/No such file or directory|nonexistent directory|Directory nonexistent/i, REASONS["noent"]!],
  [/Not a directory/i, REASONS["notdir"]!],
  [/Is a directory/i, REASONS["isdir"]!],
  [/Permission denied/i, REASONS["access"]!],
  [/Operation not permitted/i, ["forbidden", "the system does not allow it"]],
  [/Too many (levels of symbolic )?links/i, REASONS["loop"]!],
  [/File name too long/i, ["invalid", "the path is too long"]],
  [/File exists/i, ["conflict", "it is there already"]],
  [/No space left/i, REASONS["nospace"]!],
  [/quota/i, ["limit", "the disk quota is used up: remove files that are not needed"]],
  [/File too large/i, ["limit", "the file would be larger than a session's files may be"]],
  [/Read-only file system/i, ["forbidden", "it is on a disk that cannot be written"]],
  [/Text file busy/i, ["conflict", "it is a program that runs now"]],
  [/Cannot fork|Resource temporarily unavailable/i, [
    "limit",
    "no more processes can be started; end some of them",
  ]],
  [/Cannot allocate memory|out of memory/i, ["limit", "there is no memory left for it"]],
];

/** The answer of a request. @throws {SessionError} for what was refused; `action` and `path` as in `cannot read "x": …` */
export function said(answer: Uint8Array, action: string, path: string): Said {
  const end = answer.indexOf(10);
  const line = new TextDecoder().decode(end < 0 ? answer : answer.subarray(0, end));
  const body = end < 0 ? new Uint8Array() : answer.subarray(end + 1);
  const [kind, ...words] = line.split(" ");
  if (kind === "ok") return { words, body };
  if (kind !== "no") {
    throw new SessionError(
      "failed",
      `cannot ${action} ${shown(path)}: the workspace's shell answered nothing of use`,
    );
  }
  throw refused(words, body, action, path);
}

function refused(words: readonly string[], body: Uint8Array, action: string, path: string): SessionError {
  const [why = "", ...details] = words;
  const detail = details.join(" ");
  const cannot = `cannot ${action} ${shown(path)}`;
  if (why === "outside") {
    return new SessionError(
      "forbidden",
      `${shown(path)} leads out of the session's directory by a link: only what is inside can be used`,
    );
  }
  if (why === "other") {
    return new SessionError(
      "conflict",
      `${cannot}: it is another than ifSha256 says, its hash is ${oneLine(detail)}; read it again`,
    );
  }
  if (why === "dangling") {
    return new SessionError("not_found", `${cannot}: ${shown(detail)} on the way is a link to nothing`);
  }
  if (why === "tool" || why === "setsid") {
    const what = why === "tool" ? oneLine(detail) : "setsid or mkfifo";
    return new SessionError(
      "failed",
      `${cannot}: the workspace has no ${what}, and no python3 either: install python3 in the workspace`,
    );
  }
  if (why === "foreign") {
    return new SessionError(
      "forbidden",
      `${cannot}: others may write to ${
        shown(detail)
      } in the workspace, where the session's state would be: make it your own ` +
        "directory, with chmod 700, or remove it",
    );
  }
  const known = REASONS[why];
  if (known !== undefined) return new SessionError(known[0], `${cannot}: ${known[1]}`);
  const text = new TextDecoder().decode(body.subarray(0, 2_000)).trim();
  const found = SYSTEM.find(([pattern]) => pattern.test(text));
  if (found !== undefined) return new SessionError(found[1][0], `${cannot}: ${found[1][1]}`);
  return new SessionError("failed", `${cannot}: ${oneLine(text === "" ? why : text)}`);
}

/** What a workspace says, as it is shown to people: short, without what leads terminals or turns text around. */
export function oneLine(text: string): string {
  return text.replace(/[\p{C}\s]+/gu, " ").trim().slice(0, 300);
}

/** A path in a message: short, on one line. */
export function shown(path: string): string {
  const text = path.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu, "\ufffd");
  const letters = [...text];
  return `"${letters.length <= 200 ? text : `${letters.slice(0, 200).join("")}…`}"`;
}
