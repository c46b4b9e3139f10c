import type { Edges } from './types';

type Vector = readonly [number, number, number];

// PS3.3 C.7.6.2.1.1: x grows to the patient's left, y to the posterior, z to the head.
const POSITIVE = ['L', 'P', 'H'] as const;
const NEGATIVE = ['R', 'A', 'F'] as const;
/** An axis that adds less than this share of a direction is not named beside the stronger ones. */
const LEAST_SHARE = 0.3;

function vector(values: readonly number[], from = 0): Vector | null {
  const [x, y, z] = values.slice(from, from + 3);
  return x === undefined || y === undefined || z === undefined ? null : [x, y, z];
}

function letters(direction: Vector): string {
  return direction
    .map((value, axis) => ({ share: Math.abs(value), letter: (value > 0 ? POSITIVE : NEGATIVE)[axis] ?? '' }))
    .filter(({ share }) => share >= LEAST_SHARE)
    .sort((a, b) => b.share - a.share)
    .map(({ letter }) => letter)
    .join('');
}

const negated = ([x, y, z]: Vector): Vector => [-x, -y, -z];

/** Name the patient's sides at the edges of an image with this Image Orientation (Patient). */
export function edgesOf(orientation: readonly number[]): Edges | null {
  const row = vector(orientation);
  const column = vector(orientation, 3);
  if (!row || !column) return null;
  return {
    left: letters(negated(row)),
    right: letters(row),
    top: letters(negated(column)),
    bottom: letters(column),
  };
}

/** Project Image Position (Patient) on the normal of the image: where a slice lies in its stack, in mm. */
export function positionAlongNormal(
  orientation: readonly number[],
  position: readonly number[],
): number | null {
  const row = vector(orientation);
  const column = vector(orientation, 3);
  const at = vector(position);
  if (!row || !column || !at) return null;
  const normal: Vector = [
    row[1] * column[2] - row[2] * column[1],
    row[2] * column[0] - row[0] * column[2],
    row[0] * column[1] - row[1] * column[0],
  ];
  return normal[0] * at[0] + normal[1] * at[1] + normal[2] * at[2];
}
