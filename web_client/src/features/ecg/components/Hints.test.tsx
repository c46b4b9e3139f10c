// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { EcgDetail } from '../api/ecg';
import type { Finding, Screening } from '../model/screening';
import { Hints } from './Hints';

afterEach(cleanup);

const stemi: Finding = {
  code: 'suspected_stemi',
  text_zh: '疑似急性ST段抬高型心肌梗死，下壁',
  text_en: 'Suspected acute ST-elevation myocardial infarction, inferior',
  severity: 'red',
  evidence: {
    quantity: 'st_at_j',
    value: 0.3,
    unit: 'mV',
    threshold: '>= 0.1',
    leads: ['II', 'III'],
    beats: [0],
    by_lead: [
      { lead: 'II', value: 0.2, threshold: '>= 0.1', role: 'elevation' },
      { lead: 'III', value: 0.3, threshold: '>= 0.1', role: 'elevation' },
    ],
  },
  source: 'Fourth Universal Definition of MI',
};
const screening: Screening = {
  fs_hz: 500,
  duration_s: 10,
  leads: ['II', 'III'],
  quality: {},
  beats: [{ sample: 200, label: 'N', qrs_on: 180, qrs_off: 220, t_off: 380 }],
  measurements: {},
  findings: [stemi],
  rules_version: '2026.11.2',
};

function ecg(part: Partial<EcgDetail>): EcgDetail {
  return {
    id: 'e1',
    study_instance_uid: '1.2',
    sop_instance_uid: '1.2.3',
    patient: { name: null, patient_id: null, sex: null, birth_date: null, age_years: null },
    acquired_at: null,
    received_at: '2026-01-05T02:19:10Z',
    institution: { id: 't', name_zh: '马渡', name_en: 'Madu' },
    status: 'screened',
    severity: 'red',
    heart_rate_bpm: null,
    findings: [stemi],
    screening: null,
    failure: null,
    notice_zh: '',
    notice_en: '',
    ...part,
  };
}

function shown(part: Partial<EcgDetail>, result: Screening | null = null): void {
  render(<Hints ecg={ecg(part)} screening={result} chosen={null} onChoose={() => {}} />);
}

describe('the machine’s box', () => {
  test.each([
    [{ status: 'pending', severity: null }, /分析中/],
    [{ status: 'failed', severity: null, failure: 'DICOM: no waveform' }, /DICOM: no waveform/],
    [{ status: 'off', severity: null }, /未启用机器分析/],
    [{ severity: 'uninterpretable' }, /图形质量差，无法判读/],
    [{ severity: 'routine', findings: [] }, /没有提示不等于正常/],
  ] as const)('says what is missing: %o', (part, words) => {
    shown(part as Partial<EcgDetail>);
    expect(screen.getByRole('status').textContent).toMatch(words);
    expect(screen.getByText(/仅供参考，未注册/)).toBeTruthy();
  });

  test('shows a finding with its values, and puts it into the report only where one writes', () => {
    const insert = vi.fn();
    render(
      <Hints ecg={ecg({})} screening={screening} chosen={0} onChoose={() => {}} onInsertText={insert} />,
    );
    expect(screen.getByText(/II \+0\.20, III \+0\.30 mV \(≥ 0\.1\)/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: /插入/ }));
    expect(insert).toHaveBeenCalledExactlyOnceWith(
      '疑似急性ST段抬高型心肌梗死，下壁（J点ST段抬高：II 0.20、III 0.30 mV）',
    );
    cleanup();
    shown({}, screening);
    expect(screen.queryByRole('button', { name: /插入/ })).toBeNull();
  });

  test('asks for a finding’s place on the paper, and takes it back', () => {
    const choose = vi.fn();
    const box = (chosen: number | null) => (
      <Hints ecg={ecg({})} screening={screening} chosen={chosen} onChoose={choose} />
    );
    const { rerender } = render(box(null));
    fireEvent.click(screen.getByRole('button', { name: '标出' }));
    rerender(box(0));
    expect(screen.getByRole('button', { name: '标出' }).getAttribute('aria-pressed')).toBe('true');
    fireEvent.click(screen.getByRole('button', { name: '标出' }));
    expect(choose.mock.calls).toEqual([[0], [null]]);
  });
});
