/** A size as people read it on a disc. */
export function fileSize(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} KB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

export function percent(part: number, whole: number): number {
  // A hundred is said only when all of it is there.
  return whole === 0 ? 0 : Math.min(99, Math.floor((part / whole) * 100));
}
