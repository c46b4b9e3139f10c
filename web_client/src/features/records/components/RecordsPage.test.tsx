// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { enterSession, type Session } from '@/shared/session/session';
import type { DialogProps } from '@/shared/ui/Dialog';
import type { Deletion, KeptStudy, PatientRecord } from '../api/useRecords';
import RecordsPage from './RecordsPage';

// Focus and keys of dialogs have tests of their own.
vi.mock('@/shared/ui/Dialog', () => ({
  Dialog: ({ title, children }: DialogProps) => (
    <div role="dialog" aria-label={title}>
      {children}
    </div>
  ),
}));

const one: PatientRecord = {
  id: 'p1',
  issuer: 'institution:i1',
  institution: { id: 'i1', name_zh: '马渡镇卫生院', name_en: 'Madu' },
  identifier: 'T-100',
  name: '王芳',
  birth_date: '1961-02-03',
  sex: 'F',
  survivor_id: 'p1',
  study_count: 1,
  merges: [],
};
const other: PatientRecord = {
  ...one,
  id: 'p2',
  identifier: 'C-7',
  issuer: 'HIS',
  survivor_id: 'p2',
  study_count: 4,
};
const gone: PatientRecord = { ...one, id: 'p3', identifier: 'X-3', survivor_id: 'p2', study_count: 0 };
const study: KeptStudy['study'] = {
  id: 's1',
  study_instance_uid: '1.2.3',
  patient: { name: '王芳', patient_id: 'T-100', sex: 'F', birth_date: '1961-02-03', age_years: 65 },
  modalities: ['CT'],
  description: '胸部平扫',
  study_date: '2010-05-06',
  received_at: '2010-05-06T01:00:00Z',
  institution: { id: 'i1', name_zh: '马渡镇卫生院', name_en: 'Madu' },
  series_count: 1,
  instance_count: 60,
  preview: null,
  charset_repair: null,
};
const kept: KeptStudy = {
  study,
  lifecycle: {
    study_id: 's1',
    retention_class: 'outpatient',
    last_visit: '2010-05-06',
    retained_until: '2025-05-06',
    holds: [],
    deletions: [],
    is_hidden: false,
    cold_since: null,
  },
  holders: {},
};
const deletion: Deletion = {
  id: 'x1',
  study_pk: 's1',
  state: 'requested',
  reason: '保管期满',
  requested_by: 'me',
  requested_at: '2026-11-26T01:00:00Z',
  decided_by: null,
  decided_at: null,
  decision_reason: null,
  purge_after: null,
  purged_at: null,
  study,
  requested_by_name: '郑病案',
  decided_by_name: null,
};

const asked: { call: string; body: unknown }[] = [];
let answers: Record<string, unknown>;
let refusal: { status: number; code: string } | null;

beforeEach(() => {
  asked.length = 0;
  refusal = null;
  enterSession({ person: { id: 'me', roles: ['medical_office'] } } as unknown as Session);
  answers = {
    '/api/patients': { items: [one, other, gone], more: false },
    '/api/patients/p1/studies': { items: [kept], next: null },
    '/api/deletions': {
      items: [deletion, { ...deletion, id: 'x2', requested_by: 'somebody' }],
      next: null,
    },
  };
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    const before = searchParams.get('before');
    const page = before === null ? pathname : `${pathname} before ${before}`;
    if (request.method === 'GET') return Response.json(answers[page] ?? {});
    asked.push({ call: `${request.method} ${pathname}`, body: await request.json() });
    if (refusal !== null) return Response.json({ ...refusal, title: 'no', detail: 'no' }, refusal);
    return Response.json({});
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show(): void {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <RecordsPage />
    </QueryClientProvider>,
  );
}

async function found(): Promise<HTMLElement[]> {
  show();
  fireEvent.change(screen.getByLabelText(/患者号/), { target: { value: ' 王芳 ' } });
  fireEvent.click(screen.getByRole('button', { name: '查找' }));
  return screen.findAllByTestId('patient-row');
}

async function give(reason: string): Promise<HTMLElement> {
  const dialog = await screen.findByRole('dialog');
  fireEvent.change(within(dialog).getByLabelText(/理由/), { target: { value: reason } });
  fireEvent.submit(dialog.querySelector('form') as HTMLFormElement);
  return dialog;
}

test('a page nobody has searched on yet says what it is for', () => {
  show();
  expect(screen.getByText('查找一位患者')).toBeTruthy();
});

test('nobody found says how to search', async () => {
  answers['/api/patients'] = { items: [], more: false };
  show();
  fireEvent.change(screen.getByLabelText(/患者号/), { target: { value: 'nobody' } });
  fireEvent.click(screen.getByRole('button', { name: '查找' }));
  expect(await screen.findByText('没有找到')).toBeTruthy();
});

test('a study is held, kept longer or asked to be deleted, each with a reason', async () => {
  const [row] = (await found()) as [HTMLElement];
  fireEvent.click(within(row).getByText('查看检查'));
  const line = await screen.findByTestId('kept-row');
  expect(line.textContent).toContain('保管至 2025-05-06');
  fireEvent.click(within(line).getByText('申请删除'));
  const dialog = await give(' x ');
  expect(within(dialog).getByRole('alert').textContent).toContain('请写明理由');
  expect(asked).toEqual([]);
  await give(' 保管期满 ');
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  fireEvent.click(within(line).getByText('封存该患者全部检查'));
  await give('医疗纠纷');
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  fireEvent.click(within(line).getByText('改为住院保管'));
  await give('住院患者');
  await waitFor(() => expect(asked).toHaveLength(3));
  expect(asked).toEqual([
    { call: 'POST /api/studies/s1/deletion', body: { reason: '保管期满' } },
    { call: 'POST /api/studies/s1/holds', body: { reason: '医疗纠纷', whole_patient: true } },
    { call: 'PUT /api/studies/s1/retention', body: { reason: '住院患者', retention_class: 'inpatient' } },
  ]);
});

test('a hold says who placed it and is lifted from where one looks at it', async () => {
  const hold = {
    id: 'h1',
    study_pk: 's9',
    whole_patient: true,
    reason: '医疗纠纷',
    placed_by: 'me',
    placed_at: '2026-01-02T03:04:00Z',
    lifted_by: null,
    lifted_at: null,
    lift_reason: null,
  };
  const held = { ...kept, lifecycle: { ...kept.lifecycle, holds: [hold] }, holders: { me: '郑病案' } };
  answers['/api/patients/p1/studies'] = { items: [held], next: null };
  const [row] = (await found()) as [HTMLElement];
  fireEvent.click(within(row).getByText('查看检查'));
  const line = await screen.findByTestId('kept-row');
  expect(line.textContent).toMatch(/封存（患者全部检查） 医疗纠纷郑病案/);
  expect(within(line).queryByText('封存该患者全部检查')).toBeNull();
  fireEvent.click(within(line).getByText('解除封存'));
  await give('纠纷已结');
  await waitFor(() => expect(asked[0]?.call).toBe('POST /api/studies/s1/holds/h1/lift'));
});

test('older studies of a patient are a click away', async () => {
  const older = { ...kept, study: { ...study, id: 's2', description: '头颅平扫' } };
  answers['/api/patients/p1/studies'] = { items: [kept], next: 'c1' };
  answers['/api/patients/p1/studies before c1'] = { items: [older], next: null };
  const [row] = (await found()) as [HTMLElement];
  fireEvent.click(within(row).getByText('查看检查'));
  fireEvent.click(await screen.findByText('再看更早的'));
  await waitFor(() => expect(screen.getAllByTestId('kept-row')).toHaveLength(2));
  expect(screen.getAllByTestId('kept-row')[1]?.textContent).toContain('头颅平扫');
  expect(screen.queryByText('再看更早的')).toBeNull();
});

test('older deletions are a click away', async () => {
  answers['/api/deletions'] = { items: [deletion], next: 'c1' };
  answers['/api/deletions before c1'] = { items: [{ ...deletion, id: 'x9' }], next: null };
  show();
  fireEvent.click(screen.getByText('删除审批'));
  fireEvent.click(await screen.findByText('再看更早的'));
  await waitFor(() => expect(screen.getAllByTestId('deletion-row')).toHaveLength(2));
  expect(screen.queryByText('再看更早的')).toBeNull();
});

test('what the server refuses is said in words, and the dialog stays', async () => {
  refusal = { status: 409, code: 'retained' };
  const [row] = (await found()) as [HTMLElement];
  fireEvent.click(within(row).getByText('查看检查'));
  fireEvent.click(within(await screen.findByTestId('kept-row')).getByText('申请删除'));
  const dialog = await give('没有空间');
  await waitFor(() => expect(within(dialog).getByRole('alert').textContent).toContain('保管期未满'));
});

test('two records become one, the larger is proposed to be kept, and a merge is undone', async () => {
  const [first, second, third] = (await found()) as [HTMLElement, HTMLElement, HTMLElement];
  expect(first.textContent).toMatch(/马渡镇卫生院女 · 1961-02-03/);
  expect(second.textContent).toContain('HIS');
  const merge = screen.getByRole('button', { name: /合并所选两份/ }) as HTMLButtonElement;
  expect(merge.disabled).toBe(true);
  fireEvent.click(within(first).getByRole('checkbox'));
  fireEvent.click(within(second).getByRole('checkbox'));
  expect((within(third).getByRole('checkbox') as HTMLInputElement).disabled).toBe(true);
  fireEvent.click(merge);
  await give('同一个人');
  await waitFor(() =>
    expect(asked).toEqual([
      { call: 'POST /api/patients/p1/merge', body: { into: 'p2', reason: '同一个人' } },
    ]),
  );
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(third.textContent).toContain('已并入 C-7');
  fireEvent.click(within(third).getByText('撤销合并'));
  await give('不是同一个人');
  await waitFor(() => expect(asked[1]?.call).toBe('POST /api/patients/p3/unmerge'));
});

test('who asked for a deletion withdraws it, and another decides', async () => {
  show();
  fireEvent.click(screen.getByText('删除审批'));
  const [own, others] = (await screen.findAllByTestId('deletion-row')) as [HTMLElement, HTMLElement];
  expect(own.textContent).toContain('须由另一人审批');
  expect(within(own).queryByText('同意删除')).toBeNull();
  expect(within(own).getByText('撤回申请')).toBeTruthy();
  expect(within(others).getByText('不同意')).toBeTruthy();
  fireEvent.click(within(others).getByText('同意删除'));
  const dialog = await give('已核对');
  expect(dialog.textContent).toContain('王芳 的检查将立即隐藏');
  await waitFor(() =>
    expect(asked).toEqual([{ call: 'POST /api/deletions/x2/approve', body: { reason: '已核对' } }]),
  );
});
