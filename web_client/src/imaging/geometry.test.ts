import { describe, expect, it } from 'vitest';
import { edgesOf, positionAlongNormal } from './geometry';

describe('the sides of an image', () => {
  it('puts the right of the patient on the left of an axial slice', () => {
    expect(edgesOf([1, 0, 0, 0, 1, 0])).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' });
  });

  it('follows a sagittal and a coronal slice', () => {
    expect(edgesOf([0, 1, 0, 0, 0, -1])).toEqual({ left: 'A', right: 'P', top: 'H', bottom: 'F' });
    expect(edgesOf([1, 0, 0, 0, 0, -1])).toEqual({ left: 'R', right: 'L', top: 'H', bottom: 'F' });
  });

  it('turns with a slice of a prone patient', () => {
    expect(edgesOf([-1, 0, 0, 0, -1, 0])).toEqual({ left: 'L', right: 'R', top: 'P', bottom: 'A' });
  });

  it('names the stronger axis first in an oblique slice, and leaves a slight one out', () => {
    const tilt = Math.PI / 6;
    expect(edgesOf([1, 0, 0, 0, Math.cos(tilt), -Math.sin(tilt)])?.bottom).toBe('PF');
    expect(edgesOf([1, 0, 0, 0, Math.cos(0.1), -Math.sin(0.1)])?.bottom).toBe('P');
  });

  it('says nothing without an orientation', () => {
    expect(edgesOf([])).toBeNull();
  });
});

describe('the place of a slice', () => {
  it('is its distance along the normal', () => {
    expect(positionAlongNormal([1, 0, 0, 0, 1, 0], [-120, -110, -42.5])).toBeCloseTo(-42.5);
    expect(positionAlongNormal([0, 1, 0, 0, 0, -1], [30, 0, 0])).toBeCloseTo(-30);
  });

  it('is unknown without a position', () => {
    expect(positionAlongNormal([1, 0, 0, 0, 1, 0], [])).toBeNull();
  });
});
