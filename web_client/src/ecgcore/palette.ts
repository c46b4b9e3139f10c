export type PaperName = 'pink' | 'night';

export interface Palette {
  readonly paper: string;
  readonly minor: string;
  readonly major: string;
  readonly ink: string;
  readonly faint: string;
  readonly elevation: string;
  readonly reciprocal: string;
  readonly other: string;
  readonly tag: string;
  readonly onTag: string;
  readonly caliper: string;
  readonly onCaliper: string;
}

/** Tokens of the house (tokens.css), as a canvas needs them. */
export const PALETTES: Readonly<Record<PaperName, Palette>> = {
  pink: {
    paper: '#f4ebe5',
    minor: '#ecd3c8',
    major: '#dba998',
    ink: '#16181c',
    faint: '#5c5552',
    elevation: 'rgba(211, 42, 42, 0.24)',
    reciprocal: '#c4222b',
    other: 'rgba(90, 60, 192, 0.16)',
    tag: '#c4222b',
    onTag: '#ffffff',
    caliper: '#0b57b8',
    onCaliper: '#ffffff',
  },
  night: {
    paper: '#101214',
    minor: '#1f2428',
    major: '#343b42',
    ink: '#dfe6ec',
    faint: '#9aa4b0',
    elevation: 'rgba(255, 110, 100, 0.3)',
    reciprocal: '#ff8a84',
    other: 'rgba(192, 173, 255, 0.22)',
    tag: '#d32a2a',
    onTag: '#ffffff',
    caliper: '#8cc8ff',
    onCaliper: '#0b0d0f',
  },
};
