/** The door of the room: archives of templates. */
export { checkedFiles } from "./check_files.ts";
export { contentHash, textHash } from "./content_hash.ts";
export { withDirectories } from "./directories.ts";
export { type ArchiveEntry, ArchiveError, type ArchiveLimits, newFile } from "./entry.ts";
export { mergeFiles } from "./merge.ts";
export { cleanPath, type FileProblem, FilesError } from "./paths.ts";
export { isZip, readArchive } from "./read.ts";
export { readSourceFiles, type SourceFiles, sourceFilesOf, type SourceLimits } from "./source_files.ts";
export { readTar } from "./tar_read.ts";
export { type ArchiveStream, bytesOf, writeTar } from "./tar_write.ts";
export { readZip } from "./zip_read.ts";
export { writeZip } from "./zip_write.ts";
