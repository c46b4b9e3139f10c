/** What the server marks as not recorded. */
const GAP = -32768;

/** A stretch of an ECG as it is drawn: one trace a lead, in millivolts, NaN where nothing was recorded. */
export interface Recording {
  readonly fsHz: number;
  readonly leads: readonly string[];
  readonly traces: readonly Float32Array[];
  /** Where the first sample stands in the whole recording. */
  readonly startS: number;
  /** Length of the whole recording. */
  readonly durationS: number;
}

/** `GET /api/ecgs/{ecg_id}/waveform`, as far as drawing needs it. */
export interface PackedWaveform {
  readonly fs_hz: number;
  readonly leads: readonly string[];
  readonly uv_per_unit: number;
  /** Base64 of little-endian int16, lead after lead. */
  readonly samples: string;
  readonly start_s: number;
  readonly duration_s: number;
}

/** Unpacks the samples of the server's answer. Throws where their number does not fit the leads. */
export function unpack(packed: PackedWaveform): Recording {
  const bytes = Uint8Array.from(atob(packed.samples), (letter) => letter.charCodeAt(0));
  const count = bytes.length / 2 / packed.leads.length;
  if (packed.leads.length === 0 || !Number.isInteger(count)) {
    throw new RangeError(`${bytes.length} bytes of samples for ${packed.leads.length} leads`);
  }
  const view = new DataView(bytes.buffer);
  const mvPerUnit = packed.uv_per_unit / 1000;
  const traces = packed.leads.map((_, lead) => {
    const trace = new Float32Array(count);
    for (let index = 0; index < count; index++) {
      const step = view.getInt16(2 * (lead * count + index), true);
      trace[index] = step === GAP ? Number.NaN : step * mvPerUnit;
    }
    return trace;
  });
  return {
    fsHz: packed.fs_hz,
    leads: packed.leads,
    traces,
    startS: packed.start_s,
    durationS: packed.duration_s,
  };
}

/** The samples of a lead between two seconds of the whole recording, as far as this stretch has them. */
export function between(recording: Recording, lead: number, fromS: number, toS: number): Float32Array {
  const trace = recording.traces[lead] ?? new Float32Array();
  const at = (second: number): number =>
    Math.min(trace.length, Math.max(0, Math.round((second - recording.startS) * recording.fsHz)));
  return trace.subarray(at(fromS), at(toS));
}

/** The middle of the recorded samples; 0 where there are none. A strip is drawn around it. */
export function middleOf(trace: Float32Array): number {
  const recorded = trace.filter((value) => !Number.isNaN(value)).sort();
  return recorded[recorded.length >> 1] ?? 0;
}
