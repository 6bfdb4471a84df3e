/** The package for zip archives, loaded with the first one: most processes never see any. */

type ZipLibrary = typeof import("@zip.js/zip.js");

export async function zipLibrary(): Promise<ZipLibrary> {
  const library = await import("@zip.js/zip.js");
  // Workers would be one more permission and thread for archives that are small.
  library.configure({ useWebWorkers: false });
  return library;
}
