import type { Recording } from './recording';

/** What may be filtered away for the eye; the recording, and what was measured, stay as they are. */
export type DisplayFilter =
  | 'none'
  | 'low-35'
  | 'low-100'
  | 'high-0.05'
  | 'high-0.5'
  | 'notch-50'
  | 'band-0.5-35';

export const FILTERS: readonly DisplayFilter[] = [
  'none',
  'low-35',
  'low-100',
  'high-0.05',
  'high-0.5',
  'notch-50',
  'band-0.5-35',
];

type Kind = 'low' | 'high' | 'notch';

const STAGES: Readonly<Record<DisplayFilter, readonly (readonly [Kind, number])[]>> = {
  none: [],
  'low-35': [['low', 35]],
  'low-100': [['low', 100]],
  'high-0.05': [['high', 0.05]],
  'high-0.5': [['high', 0.5]],
  'notch-50': [['notch', 50]],
  'band-0.5-35': [
    ['high', 0.5],
    ['low', 35],
  ],
};
/** Butterworth of second order. */
const SMOOTH_Q = Math.SQRT1_2;
const NOTCH_Q = 8;
/** Nearer to half the sampling rate, there is nothing left to take away. */
const MOST_SHARE = 0.45;

/** The recording as it is drawn with a filter, forwards and backwards, so that no wave moves. */
export function filtered(recording: Recording, filter: DisplayFilter): Recording {
  const stages = STAGES[filter].filter(([, hz]) => hz < MOST_SHARE * recording.fsHz);
  if (stages.length === 0) return recording;
  const traces = recording.traces.map((trace) => {
    const whole = withoutGaps(trace);
    const smooth = stages.reduce(
      (samples, [kind, hz]) => twice(samples, kind, coefficients(kind, hz, recording.fsHz)),
      whole,
    );
    return smooth.map((value, k) => (Number.isNaN(trace[k]) ? Number.NaN : value));
  });
  return { ...recording, traces };
}

/** Biquad coefficients b0, b1, b2, a1, a2 over a0 (R. Bristow-Johnson's audio EQ cookbook). */
type Coefficients = readonly [number, number, number, number, number];

function coefficients(kind: Kind, hz: number, fsHz: number): Coefficients {
  const angle = (2 * Math.PI * hz) / fsHz;
  const alpha = Math.sin(angle) / (2 * (kind === 'notch' ? NOTCH_Q : SMOOTH_Q));
  const cos = Math.cos(angle);
  const a0 = 1 + alpha;
  const rest = [(-2 * cos) / a0, (1 - alpha) / a0] as const;
  switch (kind) {
    case 'low':
      return [(1 - cos) / 2 / a0, (1 - cos) / a0, (1 - cos) / 2 / a0, ...rest];
    case 'high':
      return [(1 + cos) / 2 / a0, -(1 + cos) / a0, (1 + cos) / 2 / a0, ...rest];
    case 'notch':
      return [1 / a0, (-2 * cos) / a0, 1 / a0, ...rest];
  }
}

function twice(samples: Float32Array, kind: Kind, by: Coefficients): Float32Array {
  const once = run(samples, kind, by);
  return run(once.reverse(), kind, by).reverse();
}

/** One pass that begins as if the first sample had always been there. */
function run(samples: Float32Array, kind: Kind, [b0, b1, b2, a1, a2]: Coefficients): Float32Array {
  const first = samples[0] ?? 0;
  const kept = kind === 'high' ? 0 : first;
  const out = new Float32Array(samples.length);
  let [z1, z2] = [0, 0];
  for (let k = 0; k < samples.length; k++) {
    const x = (samples[k] ?? 0) - first;
    const y = b0 * x + z1;
    z1 = b1 * x - a1 * y + z2;
    z2 = b2 * x - a2 * y;
    out[k] = y + kept;
  }
  return out;
}

/** Holds the last value through what was not recorded. */
function withoutGaps(trace: Float32Array): Float32Array {
  let last = trace.find((value) => !Number.isNaN(value)) ?? 0;
  return trace.map((value) => {
    if (!Number.isNaN(value)) last = value;
    return last;
  });
}
