import { describe, expect, test } from 'vitest';
import { isJpeg2000, isWholeCodestream } from './codestream';

const u16 = (n: number): number[] => [n >> 8, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n & 0xffff)];
const segment = (marker: number, body: number[]): number[] => [
  ...u16(marker),
  ...u16(body.length + 2),
  ...body,
];
const siz = (width: number, tile: number): number[] =>
  segment(0xff51, [...u16(0), ...[width, 8, 0, 0, tile, 8, 0, 0].flatMap(u32), ...u16(1), 7, 1, 1]);
const HEADERS = [...segment(0xff52, [0, 0, 0, 1, 0]), ...segment(0xff5c, [0, 8])];
const tilePart = (tile: number, data: number[], length = 14 + data.length): number[] => [
  ...segment(0xff90, [...u16(tile), ...u32(length), 0, 1]),
  ...u16(0xff93),
  ...data,
];
const stream = (...parts: number[][]): Uint8Array => Uint8Array.from([...u16(0xff4f), ...parts.flat()]);
const END = u16(0xffd9);

describe('a JPEG 2000 codestream', () => {
  test('is whole with its headers and every tile', () => {
    expect(isWholeCodestream(stream(siz(8, 8), HEADERS, tilePart(0, [1, 2, 3]), END))).toBe(true);
    expect(
      isWholeCodestream(
        stream(siz(16, 8), HEADERS, tilePart(0, [1]), tilePart(1, [2]), tilePart(0, [3]), END),
      ),
    ).toBe(true);
    expect(isWholeCodestream(stream(siz(8, 8), HEADERS, tilePart(0, [1, 2], 0), END))).toBe(true);
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['garbage behind the size', stream(siz(8, 8), new Array(200).fill(0xa5))],
    ['no coding style', stream(siz(8, 8), tilePart(0, [1]), END)],
    ['no tile', stream(siz(8, 8), HEADERS, END)],
    ['a tile less', stream(siz(16, 8), HEADERS, tilePart(0, [1]), END)],
    ['a tile cut off', stream(siz(8, 8), HEADERS, tilePart(0, [1], 60))],
    ['a segment of no length', stream(siz(8, 8), [...u16(0xff52), ...u16(0)], tilePart(0, [1]))],
  ])('is not with %s', (_, bytes) => {
    expect(isWholeCodestream(bytes)).toBe(false);
  });

  test('cut anywhere before its end is not whole', () => {
    const whole = stream(siz(8, 8), HEADERS, tilePart(0, [1, 2, 3]), END);
    for (let length = 0; length < whole.length - END.length; length += 1) {
      expect(isWholeCodestream(whole.subarray(0, length)), `${length}`).toBe(false);
    }
  });

  test('is known by its transfer syntax', () => {
    const [lossless, high, ls, plain] = ['4.90', '4.201', '4.80', '1'].map(
      (end) => `1.2.840.10008.1.2.${end}`,
    );
    expect([lossless, high, ls, plain].map((syntax) => isJpeg2000(syntax ?? ''))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
