import type { Types } from '@cornerstonejs/core';
import { createImage } from '@cornerstonejs/dicom-image-loader';
import { isJpeg2000, isWholeCodestream } from './codestream';

/** The scheme of our image ids: `frame:` and the address of one frame. */
export const FRAME_SCHEME = 'frame';

const ACCEPT = 'application/octet-stream; transfer-syntax=*';
const FRAME_TIMEOUT_MS = 60_000;

/** The server gave no frame. */
export class FrameRefused extends Error {
  /** The HTTP status; 0 where no answer came. */
  readonly status: number;

  constructor(status: number) {
    super(`no frame: ${status}`);
    this.status = status;
  }
}

/**
 * Fetch one frame as it is stored and decode it in a worker.
 *
 * Cornerstone3D's own WADO-RS loader would do, but where a frame is damaged it leaves rejections that nobody
 * handles, and it never gives up on a request.
 */
export function loadFrame(imageId: string): { promise: Promise<Types.IImage>; cancelFn: () => void } {
  const leaving = new AbortController();
  return { promise: load(imageId, leaving), cancelFn: () => leaving.abort() };
}

async function load(imageId: string, leaving: AbortController): Promise<Types.IImage> {
  const { bytes, transferSyntax } = await fetched(imageId.slice(FRAME_SCHEME.length + 1), leaving);
  if (isJpeg2000(transferSyntax) && !isWholeCodestream(bytes)) {
    throw new Error('the JPEG 2000 codestream is damaged');
  }
  return (await createImage(imageId, bytes, transferSyntax, {})) as Types.IImage;
}

async function fetched(
  url: string,
  leaving: AbortController,
): Promise<{ bytes: Uint8Array; transferSyntax: string }> {
  const timer = setTimeout(() => leaving.abort(), FRAME_TIMEOUT_MS);
  try {
    const response = await fetch(url, { headers: { Accept: ACCEPT }, signal: leaving.signal });
    if (!response.ok) throw new FrameRefused(response.status);
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { bytes, transferSyntax: transferSyntaxOf(response.headers.get('Content-Type') ?? '') };
  } catch (error) {
    throw error instanceof FrameRefused ? error : new FrameRefused(0);
  } finally {
    clearTimeout(timer);
  }
}

/** Read the transfer syntax from a frame's media type (PS3.18 8.7.3.5.2); Explicit VR Little Endian if it is silent. */
export function transferSyntaxOf(contentType: string): string {
  return /;\s*transfer-syntax="?([0-9.]+)"?/i.exec(contentType)?.[1] ?? '1.2.840.10008.1.2.1';
}
