// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Request } from '@/shared/requests/requests';
import { ecgQuery, type Previous, previousQuery, type Waveform, waveformQuery } from '../api/ecg';
import type { Finding, Screening } from '../model/screening';
import { EcgWorkspace } from './EcgWorkspace';
import type { PaperViewProps } from './PaperView';

const drawn = vi.hoisted(() => ({ props: null as unknown }));
// What is drawn has tests of its own; here it matters what the paper is told to draw.
vi.mock('./PaperView', () => ({
  PaperView: (props: PaperViewProps) => {
    drawn.props = props;
    return null;
  },
}));
vi.mock('./CaseHeader', () => ({ CaseHeader: () => null }));

const paper = (): PaperViewProps => drawn.props as PaperViewProps;

function finding(code: string, severity: Finding['severity'], leads: string[], beats: number[]): Finding {
  const evidence = { quantity: 'q', value: 1, unit: null, threshold: null, leads, beats };
  return { code, text_zh: code, text_en: code, severity, evidence, source: 'source' };
}

const screening: Screening = {
  fs_hz: 500,
  duration_s: 10,
  leads: ['I', 'II', 'V1'],
  quality: {},
  beats: [
    { sample: 500, label: 'N', qrs_on: 480, qrs_off: 520, t_off: 680 },
    { sample: 900, label: 'V', qrs_on: 870, qrs_off: 940, t_off: 1090 },
  ],
  measurements: { heart_rate_bpm: 75 },
  findings: [finding('sinus_rhythm', 'routine', ['II'], []), finding('r_on_t', 'red', ['V1'], [1])],
  rules_version: '2026.11.2',
};
const trace = Float32Array.from({ length: 5000 }, (_, k) => Math.sin(k / 3) + k / 5000);
const waveform = {
  start_s: 0,
  duration_s: 10,
  fs_hz: 500,
  leads: ['I', 'II', 'V1'],
  filters: { low_cut_hz: 0.05, high_cut_hz: 150, notch_hz: null },
  device_statements: ['DEVICE SAYS: PVC'],
  device_measurements: { heart_rate_bpm: 77 },
  recording: {
    fsHz: 500,
    leads: ['I', 'II', 'V1'],
    traces: [trace, trace, trace],
    startS: 0,
    durationS: 10,
  },
} as unknown as Waveform;
const previous: Previous = {
  ecg: { acquired_at: '2026-01-02T03:04:05Z', received_at: '2026-01-02T03:05:00Z' } as Previous['ecg'],
  comparison: {
    comparable: true,
    reservations: [],
    changes: [{ text_zh: '新出现室早', text_en: 'New PVC', severity: 'orange' }],
    differences: [],
  },
  median: { fsHz: 500, r: 100, tracesMv: { I: [0, 1, 0] } } as unknown as Previous['median'],
};

beforeEach(() => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  client.setQueryData(ecgQuery('e1').queryKey, {
    id: 'e1',
    status: 'screened',
    severity: 'red',
    findings: screening.findings,
    screening,
  } as never);
  client.setQueryData(waveformQuery('e1', 0).queryKey, waveform);
  client.setQueryData(previousQuery('e1').queryKey, previous);
  const request = { patient: { name: '张三' } } as unknown as Request;
  render(
    <QueryClientProvider client={client}>
      <EcgWorkspace request={request} ecgId="e1" />
    </QueryClientProvider>,
  );
});
afterEach(cleanup);

const toolbar = () => within(screen.getByRole('toolbar'));
const press = (name: string | RegExp): void => {
  fireEvent.click(toolbar().getByRole('button', { name }));
};

test('the gravest finding lies on its beat until another is chosen', () => {
  expect(paper().marks).toEqual({ leads: [{ lead: 'V1', kind: 'other', text: '' }], beats: [1] });
  expect(paper().beats.map(({ rS }) => rS)).toEqual([1, 1.8]);
  const [first, second] = screen.getAllByRole('button', { name: '标出' });
  fireEvent.click(first as HTMLElement);
  expect(paper().marks?.leads?.map(({ lead }) => lead)).toEqual(['II']);
  fireEvent.click(second as HTMLElement);
  fireEvent.click(second as HTMLElement);
  expect(paper().marks).toBeNull();
});

test('the device, the machine and the ECG before have their say beside each other', () => {
  expect(screen.getByText(/DEVICE SAYS: PVC/)).toBeDefined();
  const rate = within(screen.getByRole('table')).getByRole('row', { name: /心率/ });
  const cells = within(rate).getAllByRole('cell');
  expect(cells.map((cell) => cell.textContent).slice(0, 2)).toEqual(['77 次/分', '75 次/分']);
  expect(screen.getByText(/新出现室早/)).toBeDefined();
  expect(screen.getByTestId('original').getAttribute('href')).toBe('/api/ecgs/e1/original');
});

test('the ECG before is laid over when asked for', () => {
  expect(paper().previous).toBeNull();
  press(/叠加既往/);
  expect(paper().previous).toBe(previous.median);
});

test('calipers, marching and QT are one tool at a time', () => {
  expect([paper().tool, paper().march]).toEqual(['none', false]);
  press(/等距/);
  expect([paper().tool, paper().march]).toEqual(['caliper', true]);
  press(/^QT/);
  expect([paper().tool, paper().march]).toEqual(['qt', false]);
  press(/^QT/);
  expect(paper().tool).toBe('none');
});

test('speed, gain and filter change the paper and what it says of itself', () => {
  press('50');
  press('20');
  expect(paper().scale).toMatchObject({ speedMmS: 50, gainMmMv: 20 });
  expect(paper().foot).toContain('50 mm/s  20 mm/mV');
  const before = paper().recording;
  const select = toolbar().getByRole('combobox') as HTMLSelectElement;
  const other = [...select.options].find(({ value }) => value !== 'none')?.value ?? '';
  fireEvent.change(select, { target: { value: other } });
  expect(paper().recording).not.toBe(before);
  expect(paper().recording.traces[0]?.[1000]).not.toBe(before.traces[0]?.[1000]);
});

test('printing asks for pages of what is shown', () => {
  press('50');
  press('打印图纸');
  const pages = [...screen.getByTestId('printed').querySelectorAll('img')].map(({ src }) => src);
  expect(pages.length).toBeGreaterThan(0);
  expect(pages.every((src) => src.includes('/api/ecgs/e1/') && src.includes('50'))).toBe(true);
});
