import type { Request } from './requests';

/** An invented case for tests. */
export function request(part: Partial<Request>): Request {
  return {
    id: 'r1',
    kind: 'ecg',
    status: 'requested',
    risk: 'routine',
    ringing: false,
    emergency: false,
    complaint: null,
    study_id: 's1',
    study_instance_uid: '1.2.3',
    ecg_id: 'e1',
    patient: { name: '王模拟', patient_id: 'P1', sex: 'M', birth_date: null, age_years: 58 },
    modalities: ['ECG'],
    description: null,
    examining: { id: 't1', name_zh: '马渡镇卫生院', name_en: 'Madu' },
    diagnosing: { id: 'c1', name_zh: '青禾县人民医院', name_en: 'Qinghe' },
    hints: [],
    screening_status: 'screened',
    images_complete: true,
    acquired_at: '2026-01-05T02:19:00Z',
    received_at: '2026-01-05T02:19:10Z',
    due_at: '2026-01-05T02:49:10Z',
    claimed_by: null,
    claimed_at: null,
    opened_at: null,
    return_reason: null,
    return_comment: null,
    preview: null,
    series_count: 1,
    instance_count: 1,
    report: null,
    consult_id: null,
    ...part,
  };
}
