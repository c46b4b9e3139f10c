// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DialogProps } from '@/shared/ui/Dialog';
import type { Destination, Job, Route } from '../api/useForwarding';
import ForwardingPage from './ForwardingPage';

// Focus and keys of dialogs have tests of their own.
vi.mock('@/shared/ui/Dialog', () => ({
  Dialog: ({ title, children }: DialogProps) => (
    <div role="dialog" aria-label={title}>
      {children}
    </div>
  ),
}));

const well: Destination = {
  id: 'd1',
  ae_title: 'PACS',
  host: 'pacs.local',
  port: 104,
  tls: true,
  waiting: 0,
  failed: 0,
  out_since: null,
  failures: 0,
  retry_at: null,
  reason: null,
};
const out: Destination = {
  ...well,
  id: 'd2',
  ae_title: 'CITY',
  waiting: 300,
  out_since: '2026-11-26T01:00:00Z',
  failures: 4,
  retry_at: '2099-01-01T00:00:00Z',
  reason: 'connection refused',
};
const failed: Job = {
  id: 'j1',
  study_id: 's1',
  study_instance_uid: '1.2.3',
  destination_id: 'd1',
  destination_ae: 'PACS',
  state: 'failed',
  priority: 'high',
  waiting: 1,
  failed: 2,
  sent: 297,
  reason: 'status A900',
  sending: false,
  queued_at: '2026-11-26T01:00:00Z',
  due_at: null,
  changed_at: '2026-11-26T01:00:00Z',
};
const done: Job = { ...failed, id: 'j2', study_instance_uid: '1.2.4', state: 'done', waiting: 0, failed: 0 };
const route: Route = {
  id: 'r1',
  destination_id: 'd1',
  destination_ae: 'PACS',
  source_aes: [],
  institution_ids: ['i1'],
  modalities: ['CT', 'MR'],
  stations: [],
  descriptions: ['CHEST, PA', '胸部，平扫'],
  priority: 'medium',
  enabled: true,
};
const trouble = {
  sop_instance_uid: '1.2.3.9',
  final: true,
  attempts: 8,
  due_at: '2026-11-26T01:00:00Z',
  status: 0xa900,
  reason: 'data set does not match',
};

const asked: { method: string; path: string; body: unknown }[] = [];
let answers: Record<string, unknown>;
let refusal: { status: number; code: string } | null;
let jobsAsked: number;

beforeEach(() => {
  asked.length = 0;
  refusal = null;
  jobsAsked = 0;
  answers = {
    '/api/forwarding/destinations': { items: [well, out] },
    '/api/forwarding/jobs': { items: [failed, done], next: null },
    '/api/forwarding/jobs/j1': { job: failed, troubles: [trouble] },
    '/api/forwarding/routes': { items: [route] },
    '/api/devices': { institutions: [{ id: 'i1', code: 'i1', name_zh: '清河镇卫生院', name_en: 'Qinghe' }] },
  };
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname: path, search } = new URL(request.url);
    const text = await request.text();
    if (request.method !== 'GET') {
      asked.push({ method: request.method, path, body: text === '' ? null : JSON.parse(text) });
      if (refusal !== null) return Response.json({ ...refusal, title: 'no', detail: 'no' }, refusal);
    }
    if (path === '/api/forwarding/jobs') jobsAsked += 1;
    if (request.method === 'DELETE') return new Response(null, { status: 204 });
    return Response.json(answers[path + search] ?? answers[path] ?? {});
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function shown(): Promise<void> {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <ForwardingPage />
    </QueryClientProvider>,
  );
  await screen.findAllByTestId('job-row');
  await screen.findByTestId('route-row');
}

const rows = (of: string): HTMLElement[] => screen.getAllByTestId(of);

test('a destination that takes nothing says since when, how often, and why', async () => {
  await shown();
  const [first, second] = rows('destination-row') as [HTMLElement, HTMLElement];
  expect(first.textContent).toContain('正常');
  expect(first.textContent).toContain('TLS');
  expect(second.textContent).toMatch(/不接收，已试 4 次；.*2099.* 再试/);
  expect(second.textContent).toContain('connection refused');
});

test('what failed tells why, is sent again, and given up only after a word', async () => {
  await shown();
  const [row, ended] = rows('job-row') as [HTMLElement, HTMLElement];
  expect(row.textContent).toContain('297 / 1 / 2');
  expect(row.textContent).toContain('紧急');
  expect(within(ended).queryByRole('button')).toBeNull();
  fireEvent.click(within(row).getByText('查看原因'));
  expect((await screen.findByText(/data set does not match/)).textContent).toMatch(
    /状态码 A900 · 已试 8 次 · 不再自动重试/,
  );
  fireEvent.click(within(row).getByText('重新发送'));
  await waitFor(() => expect(asked).toHaveLength(1));
  fireEvent.click(within(row).getByText('放弃'));
  expect(asked).toHaveLength(1);
  const dialog = await screen.findByRole('dialog');
  expect(dialog.textContent).toContain('PACS 的 3 个图像');
  fireEvent.click(within(dialog).getByText('放弃'));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(asked.map((each) => `${each.method} ${each.path}`)).toEqual([
    'POST /api/forwarding/jobs/j1/retry',
    'DELETE /api/forwarding/jobs/j1',
  ]);
});

test('a route is told by names, changed, and switched off', async () => {
  await shown();
  const [row] = rows('route-row') as [HTMLElement];
  await waitFor(() => expect(row.textContent).toContain('检查机构: 清河镇卫生院'));
  expect(row.textContent).toContain('检查类型: CT、MR');
  fireEvent.click(within(row).getByText('修改'));
  const dialog = await screen.findByRole('dialog');
  fireEvent.change(within(dialog).getByLabelText('工作站名称'), { target: { value: 'CT-1\nCT-2' } });
  fireEvent.change(within(dialog).getByLabelText('优先级'), { target: { value: 'high' } });
  fireEvent.click(within(dialog).getByText('保存'));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  fireEvent.click(within(row).getByText('停用'));
  await waitFor(() => expect(asked).toHaveLength(2));
  const [saved, off] = asked;
  expect(saved).toMatchObject({ method: 'PUT', path: '/api/forwarding/routes/r1' });
  expect(saved?.body).toEqual({
    destination_id: 'd1',
    priority: 'high',
    institution_ids: ['i1'],
    source_aes: [],
    modalities: ['CT', 'MR'],
    stations: ['CT-1', 'CT-2'],
    descriptions: ['CHEST, PA', '胸部，平扫'],
    enabled: true,
  });
  expect(off?.body).toMatchObject({ enabled: false, modalities: ['CT', 'MR'] });
});

test('what keeps a route from being switched on is said in words', async () => {
  answers['/api/forwarding/routes'] = { items: [{ ...route, destination_ae: null, enabled: false }] };
  refusal = { status: 400, code: 'no-destination' };
  await shown();
  const [row] = rows('route-row') as [HTMLElement];
  fireEvent.click(within(row).getByText('启用'));
  await waitFor(() => expect(within(row).getByRole('alert').textContent).toContain('没有登记地址'));
});

test('the queue is followed until somebody looks further back', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    answers['/api/forwarding/jobs'] = { items: [failed], next: 'older' };
    answers['/api/forwarding/jobs?limit=50&before=older'] = { items: [done], next: null };
    await shown();
    await vi.advanceTimersByTimeAsync(5_100);
    expect(jobsAsked).toBe(2);
    fireEvent.click(screen.getByText('再看更早的'));
    await waitFor(() => expect(rows('job-row')).toHaveLength(2));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(jobsAsked).toBe(3);
  } finally {
    vi.useRealTimers();
  }
});

test('a new route without a destination is not sent', async () => {
  await shown();
  fireEvent.click(screen.getByText('新增规则'));
  const dialog = await screen.findByRole('dialog');
  fireEvent.click(within(dialog).getByText('保存'));
  expect((await within(dialog).findByRole('alert')).textContent).toBe('请选择目的地。');
  fireEvent.change(within(dialog).getByLabelText('目的地'), { target: { value: 'd2' } });
  fireEvent.click(within(dialog).getByText('保存'));
  await waitFor(() => expect(asked).toHaveLength(1));
  expect(asked[0]).toMatchObject({ method: 'POST', path: '/api/forwarding/routes' });
});

test('a study is sent by its UID', async () => {
  await shown();
  fireEvent.click(screen.getByText('发送检查'));
  const dialog = await screen.findByRole('dialog');
  const uid = within(dialog).getByLabelText(/Study Instance UID/);
  fireEvent.change(uid, { target: { value: '1.2.x' } });
  fireEvent.change(within(dialog).getByLabelText('目的地'), { target: { value: 'd1' } });
  fireEvent.click(within(dialog).getByRole('button', { name: /发送检查/ }));
  expect((await within(dialog).findByRole('alert')).textContent).toContain('Study Instance UID');
  fireEvent.change(uid, { target: { value: ' 1.2.3 ' } });
  fireEvent.click(within(dialog).getByRole('button', { name: /发送检查/ }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(asked[0]?.body).toEqual({ study_instance_uid: '1.2.3', destination_id: 'd1', priority: 'medium' });
});

test('nothing set up says what to do', async () => {
  answers = {
    '/api/forwarding/destinations': { items: [] },
    '/api/forwarding/jobs': { items: [], next: null },
    '/api/forwarding/routes': { items: [] },
    '/api/devices': { institutions: [] },
  };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ForwardingPage />
    </QueryClientProvider>,
  );
  expect(await screen.findByText('还没有可以发送的设备')).toBeTruthy();
  expect(await screen.findByText('队列里没有检查')).toBeTruthy();
  expect(await screen.findByText('还没有转发规则')).toBeTruthy();
  expect((screen.getByText('新增规则') as HTMLButtonElement).disabled).toBe(true);
});
