/** Two texts, line by line: what is gone (`-`), what is new (`+`), and what stands around it. */

export interface DiffLinesOptions {
  /** Equal lines that are shown before and after a difference. @default {2} */
  readonly context?: number;
}

/** More comparisons than this are not made: what differs is then shown as gone and new as a whole. */
const MOST_CELLS = 4_000_000;

/**
 * Lines with `-`, `+` or a space before them; `@@ 12 equal lines @@` stands for what is left out. Empty where there is no
 * difference.
 */
export function diffLines(
  before: readonly string[],
  after: readonly string[],
  { context = 2 }: DiffLinesOptions = {},
): string[] {
  const steps = stepsOf(before, after);
  if (steps.every(({ mark }) => mark === " ")) return [];
  const isNear = new Array<boolean>(steps.length).fill(false);
  steps.forEach(({ mark }, index) => {
    if (mark === " ") return;
    const end = Math.min(steps.length - 1, index + context);
    for (let near = Math.max(0, index - context); near <= end; near++) isNear[near] = true;
  });
  const lines: string[] = [];
  for (let index = 0; index < steps.length;) {
    if (isNear[index]) {
      lines.push(`${steps[index]!.mark}${steps[index]!.line}`);
      index++;
      continue;
    }
    const start = index;
    while (index < steps.length && !isNear[index]) index++;
    lines.push(`@@ ${index - start} equal ${index - start === 1 ? "line" : "lines"} @@`);
  }
  return lines;
}

interface Step {
  readonly mark: " " | "-" | "+";
  readonly line: string;
}

function stepsOf(before: readonly string[], after: readonly string[]): Step[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const step = (mark: Step["mark"]) => (line: string): Step => ({ mark, line });
  return [
    ...before.slice(0, head).map(step(" ")),
    ...middleOf(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(step(" ")),
  ];
}

/** By the longest common subsequence. */
function middleOf(before: readonly string[], after: readonly string[]): Step[] {
  const width = after.length + 1;
  const cells = (before.length + 1) * width;
  const gone = (line: string): Step => ({ mark: "-", line });
  const fresh = (line: string): Step => ({ mark: "+", line });
  if (before.length === 0 || after.length === 0 || cells > MOST_CELLS) {
    return [...before.map(gone), ...after.map(fresh)];
  }
  const common = new Uint32Array(cells);
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      common[row * width + column] = before[row] === after[column]
        ? common[(row + 1) * width + column + 1]! + 1
        : Math.max(common[(row + 1) * width + column]!, common[row * width + column + 1]!);
    }
  }
  const steps: Step[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length && column < after.length) {
    if (before[row] === after[column]) {
      steps.push({ mark: " ", line: before[row]! });
      row++;
      column++;
    } else if (common[(row + 1) * width + column]! >= common[row * width + column + 1]!) {
      steps.push(gone(before[row++]!));
    } else steps.push(fresh(after[column++]!));
  }
  return [...steps, ...before.slice(row).map(gone), ...after.slice(column).map(fresh)];
}
