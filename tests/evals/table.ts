/** The tasks as `docs/evaluations.md` shows them. */
import { KINDS, questionOf, type Task } from "./task.ts";

const DOCUMENT = new URL("../../docs/evaluations.md", import.meta.url);
/** Set, the document is written anew instead of compared. */
export const UPDATE_VARIABLE = "UPDATE_EVALUATIONS";
const BEGIN =
  "<!-- Tasks, from tests/evals/tasks: UPDATE_EVALUATIONS=1 deno task test tests/evals/table_test.ts -->";
const END = "<!-- End of the tasks. -->";

const HEADINGS: Readonly<Record<Task["kind"], string>> = {
  reading: "Reading",
  changing: "Changing",
  diagnosing: "Diagnosing",
  refusing: "Refusing",
};

/** One table a kind, as the formatter would have it. */
export function tasksMarkdown(tasks: readonly Task[]): string {
  return KINDS.map((kind) => {
    const rows = tasks.filter((task) => task.kind === kind).map((task) => [
      `\`${task.id}\``,
      cell(
        `${questionOf(task, "team-1")}${
          task.planted === undefined ? "" : ` (Planted: ${task.planted.wants}.)`
        }`,
      ),
      String(task.most.calls),
      String(task.most.bytes),
    ]);
    return `### ${HEADINGS[kind]}\n\n${tableOf([["Task", "Question", "Calls", "Bytes"], ...rows])}`;
  }).join("\n\n");
}

function cell(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("|", "\\|");
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((text, column) => text.padEnd(widths[column]!)).join(" | ")} |`;
  const [head, ...rest] = rows;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head!), rule, ...rest.map(line)].join("\n");
}

/** The document with these tasks in it. @throws where it has no place for them */
export function withTasks(document: string, tasks: readonly Task[]): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error("docs/evaluations.md has no place for the tasks");
  return `${document.slice(0, from + BEGIN.length)}\n\n${tasksMarkdown(tasks)}\n\n${document.slice(to)}`;
}

/** Hands over what the document says and what it is to say; where that is asked for, writes it instead. */
export async function compareDocument(
  tasks: readonly Task[],
  equal: (actual: string, expected: string) => void,
): Promise<void> {
  const text = await Deno.readTextFile(DOCUMENT);
  const wanted = withTasks(text, tasks);
  if (Deno.env.get(UPDATE_VARIABLE)) await Deno.writeTextFile(DOCUMENT, wanted);
  else equal(text, wanted);
}
