const SOC = 0xff4f;
const SIZ = 0xff51;
const COD = 0xff52;
const QCD = 0xff5c;
const SOT = 0xff90;
const JPEG_2000 = /^1\.2\.840\.10008\.1\.2\.4\.(9[0-3]|20[1-3])$/;

/** Whether frames of this transfer syntax are JPEG 2000 codestreams, high-throughput ones among them. */
export function isJpeg2000(transferSyntax: string): boolean {
  return JPEG_2000.test(transferSyntax);
}

/**
 * Whether a JPEG 2000 codestream (ISO/IEC 15444-1 annex A) has its headers and every tile to its end.
 *
 * The decoder says nothing where it fails: what it then returns is memory that was used before, and that is
 * the picture of another slice.
 */
export function isWholeCodestream(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.getUint16(0) !== SOC || view.getUint16(2) !== SIZ) return false;
    const seen = new Set<number>();
    let at = 2;
    while (view.getUint16(at) !== SOT) {
      const marker = view.getUint16(at);
      const length = view.getUint16(at + 2);
      if (marker < 0xff50 || length < 2) return false;
      seen.add(marker);
      at += 2 + length;
    }
    if (!seen.has(COD) || !seen.has(QCD)) return false;
    const tiles = new Set<number>();
    while (at + 12 <= view.byteLength && view.getUint16(at) === SOT) {
      tiles.add(view.getUint16(at + 4));
      // Zero: the last tile part, up to the end.
      const length = view.getUint32(at + 6) || view.byteLength - at;
      if (length < 14 || at + length > view.byteLength) return false;
      at += length;
    }
    return tiles.size === tileCount(view);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** From SIZ: the size of the reference grid and of a tile, each with its offset. */
function tileCount(view: DataView): number {
  const [width, height, , , tileWidth, tileHeight, left, top] = [...Array(8).keys()].map((n) =>
    view.getUint32(8 + 4 * n),
  ) as [number, number, number, number, number, number, number, number];
  return Math.ceil((width - left) / tileWidth) * Math.ceil((height - top) / tileHeight);
}
