// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { leaveSession, sessionStore } from '@/shared/session/session';
import { Gate } from './Gate';

class Socket {
  onopen = null;
  onmessage = null;
  onclose = null;
  close(): void {}
}

const session = (id: string) => ({
  person: {
    id,
    login: id,
    display_name: id,
    roles: ['county_reader'],
    institution: { id: 'i', name_zh: '县医院', name_en: 'County' },
  },
  csrf_token: `token-${id}`,
});
const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

let answers: Response[] = [];
const onOtherPerson = vi.fn();

function page(): void {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Gate onOtherPerson={onOtherPerson}>
        <textarea aria-label="检查所见" />
      </Gate>
    </QueryClientProvider>,
  );
}

async function signIn(login: string): Promise<void> {
  fireEvent.change(await screen.findByLabelText('账号'), { target: { value: login } });
  fireEvent.change(screen.getByLabelText('密码'), { target: { value: 'secret' } });
  fireEvent.click(screen.getByRole('button', { name: '登录' }));
}

beforeEach(() => {
  answers = [];
  onOtherPerson.mockReset();
  sessionStore.setState({ phase: 'loading', session: null, reason: null });
  vi.stubGlobal('WebSocket', Socket);
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => answers.shift() ?? json({ code: 'asked-once-too-often' }, 500)),
  );
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe('the gate', () => {
  test('shows the form to a stranger, and the page to who signs in', async () => {
    answers = [json({ code: 'not-signed-in' }, 401), json(session('a'))];
    page();
    expect(screen.queryByLabelText('检查所见')).toBeNull();
    await signIn('a');
    expect(await screen.findByLabelText('检查所见')).toBeTruthy();
    expect(screen.queryByLabelText('密码')).toBeNull();
  });

  test('says what is wrong, and keeps the account', async () => {
    answers = [json({ code: 'not-signed-in' }, 401), json({ code: 'bad-credentials' }, 401)];
    page();
    await signIn('a');
    expect(await screen.findByText(/账号或密码不对/)).toBeTruthy();
    expect((screen.getByLabelText('账号') as HTMLInputElement).value).toBe('a');
    expect((screen.getByLabelText('密码') as HTMLInputElement).value).toBe('');
  });

  test('keeps what is written while the session is away, and gives it back to the same person', async () => {
    answers = [json(session('a')), json(session('a'))];
    page();
    const text = await screen.findByLabelText('检查所见');
    fireEvent.change(text, { target: { value: '两肺纹理增多' } });
    leaveSession('expired');
    expect(await screen.findByText(/登录已过期/)).toBeTruthy();
    expect(text.closest('[inert]')).not.toBeNull();
    await signIn('a');
    await waitFor(() => expect(screen.queryByLabelText('密码')).toBeNull());
    expect((screen.getByLabelText('检查所见') as HTMLTextAreaElement).value).toBe('两肺纹理增多');
    expect(onOtherPerson).not.toHaveBeenCalled();
  });

  test('gives another person a page with nothing of the one before', async () => {
    answers = [json(session('a')), json(session('b'))];
    page();
    fireEvent.change(await screen.findByLabelText('检查所见'), { target: { value: '甲的草稿' } });
    leaveSession('expired');
    await signIn('b');
    await waitFor(() => expect(screen.queryByLabelText('密码')).toBeNull());
    expect((screen.getByLabelText('检查所见') as HTMLTextAreaElement).value).toBe('');
    expect(onOtherPerson).toHaveBeenCalledOnce();
  });

  test('says that the server is away instead of asking for a password', async () => {
    answers = [json({ code: 'down' }, 503), json(session('a'))];
    page();
    expect(await screen.findByText(/服务器暂时不能提供/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: '重试' }));
    expect(await screen.findByLabelText('检查所见')).toBeTruthy();
  });
});
