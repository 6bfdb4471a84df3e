/** All tools for Coder Tasks. */
import type { Tool } from "../tool.ts";
import { createTask, deleteTask, sendTaskInput } from "./tasks_changes.ts";
import { getTaskLogs, getTaskStatus, listTasks } from "./tasks_reads.ts";

export const TASK_TOOLS: readonly Tool[] = [
  listTasks,
  createTask,
  getTaskStatus,
  sendTaskInput,
  getTaskLogs,
  deleteTask,
];
