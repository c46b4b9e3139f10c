/** A zip bomb, or a county's archive by mistake: neither belongs into a browser's memory. */
const MAX_ENTRIES = 20_000;
const MAX_BYTES = 8e9;
const READ_BYTES = 1 << 20;

export class ZipProblem extends Error {
  readonly code: 'zip' | 'zipTooBig';

  constructor(code: 'zip' | 'zipTooBig') {
    super(code);
    this.name = 'ZipProblem';
    this.code = code;
  }
}

export function isZip(file: File): boolean {
  return /\.zip$/i.test(file.name) || file.type === 'application/zip';
}

/** The files inside a zip (a WFDB record stays one), unpacked piece by piece; their paths are labels and never lead anywhere. */
export async function unpack(archive: File): Promise<File[]> {
  const { AsyncUnzipInflate, Unzip, UnzipPassThrough } = await import('fflate');
  const found: Promise<File | null>[] = [];
  let bytes = 0;
  let problem: ZipProblem | null = null;
  const unzip = new Unzip((entry) => {
    if (entry.name.endsWith('/') || /(^|\/)(__MACOSX|\.)/.test(entry.name)) return;
    if (found.length >= MAX_ENTRIES) {
      problem = new ZipProblem('zipTooBig');
      return;
    }
    const parts: Blob[] = [];
    found.push(
      new Promise((resolve, reject) => {
        entry.ondata = (error, chunk, final) => {
          if (error !== null) {
            reject(new ZipProblem('zip'));
            return;
          }
          bytes += chunk.length;
          if (bytes > MAX_BYTES) {
            problem = new ZipProblem('zipTooBig');
            entry.terminate();
            resolve(null);
            return;
          }
          parts.push(new Blob([chunk.slice()]));
          if (final) resolve(new File(parts, entry.name));
        };
      }),
    );
    entry.start();
  });
  unzip.register(UnzipPassThrough);
  unzip.register(AsyncUnzipInflate);
  try {
    for (let at = 0; at < archive.size && problem === null; at += READ_BYTES) {
      const piece = new Uint8Array(await archive.slice(at, at + READ_BYTES).arrayBuffer());
      unzip.push(piece, at + READ_BYTES >= archive.size);
    }
  } catch {
    throw new ZipProblem('zip');
  }
  if (problem !== null) throw problem;
  const files = (await Promise.all(found)).filter((file) => file !== null);
  if (files.length === 0) throw new ZipProblem('zip');
  // A WFDB record is a header and its signals: one ECG, which the server reads as the archive it is.
  return files.some(({ name }) => /\.hea$/i.test(name)) ? [archive] : files;
}
