// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DialogProps } from '@/shared/ui/Dialog';
import type { Device, DeviceList } from '../api/useDevices';
import DevicesPage from './DevicesPage';

// Focus and keys of dialogs have tests of their own.
vi.mock('@/shared/ui/Dialog', () => ({
  Dialog: ({ title, children }: DialogProps) => (
    <div role="dialog" aria-label={title}>
      {children}
    </div>
  ),
}));

const silent = {
  id: 'd1',
  ae_title: 'CT1',
  institution_id: 'i1',
  networks: ['10.0.0.0/24'],
  address: { host: '10.0.0.7', port: 104, tls: false },
  description: '放射科 CT',
  last_called_at: null,
  disabled_at: null,
  may_query: false,
  may_see_worklist: false,
} as unknown as Device;
const called = {
  ...silent,
  id: 'd2',
  ae_title: 'DR1',
  last_called_at: '2026-11-26T01:00:00Z',
  address: null,
};
const refused = { ...silent, id: 'd3', ae_title: 'US1' };
const off = { ...called, id: 'd4', ae_title: 'MR1', disabled_at: '2026-11-26T01:00:00Z' };
const homes = [
  { id: 'i1', code: 'township1', name_zh: '清河镇卫生院', name_en: 'Qinghe' },
  { id: 'i2', code: 'county', name_zh: '县医院', name_en: 'County' },
];
const strangers = [
  { ae_title: 'US1', address: '10.9.0.1', last_at: '2026-11-26T02:00:00Z', registered: true },
  { ae_title: 'NEW1', address: '10.0.0.9', last_at: '2026-11-26T02:00:00Z', registered: false },
];

const asked: { what: string; body: unknown }[] = [];
let list: DeviceList;
let trial: unknown;

beforeEach(() => {
  asked.length = 0;
  trial = undefined;
  list = {
    items: [silent, called, refused, off],
    node: { ae_title: 'LIANZHEN', port: 11112, tls_port: null },
    institutions: homes,
    strangers,
  };
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (request.method === 'GET') return Response.json(list);
    const text = await request.text();
    asked.push({
      what: `${request.method} ${pathname}`,
      body: text === '' ? null : JSON.parse(text),
    });
    return trial instanceof Response ? trial : Response.json(trial ?? silent);
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
      <DevicesPage />
    </QueryClientProvider>,
  );
  await screen.findByText('填到设备上的参数');
}

function row(aeTitle: string): HTMLElement {
  const found = screen.getAllByTestId('device-row').find((each) => each.dataset.ae === aeTitle);
  if (found === undefined) throw new Error(`no row of ${aeTitle}`);
  return found;
}

/** What its two lamps show: its calls, then ours. */
const lamps = (aeTitle: string) =>
  [...row(aeTitle).querySelectorAll('[data-state]')].map((lamp) => lamp.getAttribute('data-state'));

test('each device shows who reached whom, and what is entered there', async () => {
  await shown();
  expect(screen.getByText('11112')).toBeTruthy();
  expect(lamps('CT1')).toEqual(['unknown', 'unknown']);
  expect(lamps('DR1')).toEqual(['good', 'unknown']);
  expect(lamps('US1')).toEqual(['bad', 'unknown']);
  expect(lamps('MR1')).toEqual(['unknown', 'unknown']);
  expect(row('CT1').textContent).toContain('未测试 10.0.0.7:104');
  expect(row('CT1').textContent).toContain('清河镇卫生院');
  expect(row('US1').textContent).toContain('呼叫被拒绝');
  // Who has no address is not called.
  expect(within(row('DR1')).queryByText('测试回显')).toBeNull();
});

test('a trial turns the lamp green, or red with what to check', async () => {
  await shown();
  trial = { outcome: 'answered', detail: '', duration_ms: 12.4 };
  fireEvent.click(within(row('CT1')).getByText('测试回显'));
  await waitFor(() => expect(lamps('CT1')).toEqual(['unknown', 'good']));
  expect(row('CT1').textContent).toContain('应答正常，12 毫秒');
  trial = { outcome: 'calling-ae', detail: 'rejected (1, 1, 3)', duration_ms: 3 };
  fireEvent.click(within(row('CT1')).getByText('发送测试图像'));
  const advice = await within(row('CT1')).findByRole('alert');
  expect(lamps('CT1')).toEqual(['unknown', 'bad']);
  expect(advice.textContent).toBe('设备不认识联诊。请在设备上登记本机 AE 标题“LIANZHEN”。');
  expect(row('CT1').textContent).toContain('rejected (1, 1, 3)');
  expect(asked.map(({ what }) => what)).toEqual(['POST /api/devices/d1/echo', 'POST /api/devices/d1/sample']);
});

test('a trial that was not made says nothing of the device', async () => {
  await shown();
  trial = Response.json({ code: 'too-many-requests', retry_after_s: 2 }, { status: 429 });
  fireEvent.click(within(row('CT1')).getByText('测试回显'));
  await waitFor(() => expect(row('CT1').textContent).toContain('未能测试'));
  expect(lamps('CT1')).toEqual(['unknown', 'unknown']);
});

test('who called unknown is registered from that call', async () => {
  await shown();
  fireEvent.click(screen.getAllByText('登记')[1] as HTMLElement);
  const form = await screen.findByRole('dialog');
  fireEvent.click(within(form).getByText('保存'));
  expect((await within(form).findByRole('alert')).textContent).toBe('请选择所属机构。');
  expect(asked).toEqual([]);
  fireEvent.change(within(form).getByLabelText('所属机构'), { target: { value: 'county' } });
  fireEvent.click(within(form).getByText('保存'));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(asked).toEqual([
    {
      what: 'POST /api/devices',
      body: {
        ae_title: 'NEW1',
        institution: 'county',
        networks: ['10.0.0.9'],
        address: null,
        description: null,
        may_query: false,
        may_see_worklist: false,
      },
    },
  ]);
});

test('a device is switched off and on again', async () => {
  await shown();
  fireEvent.click(within(row('CT1')).getByText('停用'));
  fireEvent.click(within(row('MR1')).getByText('启用'));
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(asked).toEqual([
    { what: 'PATCH /api/devices/d1', body: { is_enabled: false } },
    { what: 'PATCH /api/devices/d4', body: { is_enabled: true } },
  ]);
});

test('no devices yet: what to do first', async () => {
  list = { ...list, items: [], strangers: [] };
  await shown();
  expect(screen.getByText('还没有登记设备')).toBeTruthy();
  expect(screen.queryByRole('region', { name: '一天内被拒绝的呼叫' })).toBeNull();
});
