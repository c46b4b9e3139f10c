import { expect, test } from 'vitest';
import { measurementRows } from './rows';
import type { Screening } from './screening';

const screening = {
  fs_hz: 500,
  duration_s: 10,
  leads: ['II'],
  quality: {},
  beats: [],
  measurements: { heart_rate_bpm: 72, pr_ms: 168, qrs_ms: 94, qt_ms: 390, axis_qrs_deg: -12 },
  st_j_mv: { II: 0.21 },
  findings: [],
  rules_version: '1',
} as unknown as Screening;
const words = ((key: string) => key) as unknown as Parameters<typeof measurementRows>[1];
const difference = (quantity: string, by: number, notable = false, lead: string | null = null) => ({
  quantity,
  by,
  notable,
  lead,
});

test('device, machine and change stand side by side, each as far as it is known', () => {
  const comparison = {
    comparable: true,
    reservations: [],
    changes: [],
    differences: [
      difference('pr_ms', -4.2),
      difference('qrs_ms', 20.4, true),
      difference('st_j_mv', 0.27, true, 'II'),
    ],
  };
  const rows = measurementRows(screening, words, { pr_ms: 172 }, comparison);
  expect(rows[1]).toMatchObject({
    machine: '168 / 94 ms',
    device: '172 / — ms',
    change: { text: '−4 / +20', notable: true },
  });
  expect(rows[0]).toMatchObject({ device: null, change: null });
  expect(rows.at(-1)).toMatchObject({ change: { text: '+0.27', notable: true } });
});

test('without a previous ECG nothing is said to have changed', () => {
  for (const row of measurementRows(screening, words)) {
    expect(row.change).toBeNull();
    expect(row.device).toBeNull();
  }
});
