export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How far beside the picture a pointer still shows: fingers point from the margin. */
const MARGIN = 0.05;

/** A point of the stage as shares of the picture's width and height; null well beside it. */
export function shareOf(picture: Box, at: Point): Point | null {
  if (picture.width <= 0 || picture.height <= 0) return null;
  const x = (at.x - picture.left) / picture.width;
  const y = (at.y - picture.top) / picture.height;
  return near(x) && near(y) ? { x, y } : null;
}

/** Where a share of the picture is on the stage. */
export function placeOf(picture: Box, share: Point): Point {
  return { x: picture.left + share.x * picture.width, y: picture.top + share.y * picture.height };
}

/** A box in the coordinates of the one around it. */
export function within(outer: Box, inner: Box): Box {
  return {
    left: inner.left - outer.left,
    top: inner.top - outer.top,
    width: inner.width,
    height: inner.height,
  };
}

function near(share: number): boolean {
  return share >= -MARGIN && share <= 1 + MARGIN;
}
