// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Consult } from '../api/consults';
import type { Acquired, DeviceProblem } from '../model/devices';
import { fakeTrack, staged, welcome } from '../model/testing';
import { DeviceNotes } from './DeviceNotes';
import { Lobby } from './Lobby';

const CONSULT: Consult = {
  id: 'c1',
  request_id: 'r1',
  study_id: 's1',
  study_instance_uid: '1.2.3',
  kind: 'ecg',
  patient: { name: '李示例', patient_id: '1', sex: 'F', birth_date: null, age_years: 71 },
  opened_by: { id: 'p2', display_name: '罗范本' },
  opened_at: '2026-11-25T02:11:00Z',
  closed_at: null,
  participants: [],
  ice_servers: [],
};

function secure(is: boolean): void {
  Object.defineProperty(window, 'isSecureContext', { value: is, configurable: true });
  Object.defineProperty(navigator, 'mediaDevices', {
    value: is ? { getUserMedia: vi.fn() } : undefined,
    configurable: true,
  });
}

beforeEach(() => secure(true));
afterEach(cleanup);

describe('the door of the room', () => {
  test('lets in with the devices that were left on', () => {
    const { session } = staged();
    const join = vi.spyOn(session, 'join').mockResolvedValue();
    render(<Lobby consult={CONSULT} session={session} />);
    fireEvent.click(screen.getByRole('switch', { name: /摄像头/ }));
    fireEvent.click(screen.getByTestId('consult-join'));
    expect(join).toHaveBeenCalledWith({ audio: true, video: false });
  });

  test('says over plain HTTP that the address is the cause, and lets in to listen and watch', () => {
    secure(false);
    const { session } = staged();
    const join = vi.spyOn(session, 'join').mockResolvedValue();
    render(<Lobby consult={CONSULT} session={session} />);
    expect(screen.getByRole('alert').textContent).toContain('make demo HOST=localhost');
    expect(screen.queryByRole('switch')).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: '不开设备，只听只看' }));
    expect(join).toHaveBeenCalledWith({ audio: false, video: false });
  });
});

describe('what is wrong with the own devices', () => {
  async function entered(problems: Record<'audio' | 'video', DeviceProblem | null>) {
    const open = vi.fn(
      async (): Promise<Acquired> => ({
        tracks: {
          audio: problems.audio === null ? fakeTrack('audio') : null,
          video: problems.video === null ? fakeTrack('video') : null,
        },
        problems,
      }),
    );
    const stage = staged({ openDevices: open });
    render(<DeviceNotes session={stage.session} />);
    await act(async () => stage.session.join({ audio: true, video: true }));
    await act(async () => stage.socket().opens());
    await act(async () => stage.socket().says(welcome({})));
    return { ...stage, open };
  }

  test('is one sentence where both were refused, in a room that was entered all the same', async () => {
    const { state, open } = await entered({ audio: 'denied', video: 'denied' });
    expect(state().phase).toBe('joined');
    expect(screen.getAllByRole('alert')).toHaveLength(1);
    expect(screen.getByRole('alert').textContent).toContain('只能听和看');
    await act(async () => fireEvent.click(screen.getByRole('button', { name: '再试一次' })));
    expect(open).toHaveBeenCalledTimes(3);
  });

  test('is said of the camera alone where only that is missing, until it is read', async () => {
    await entered({ audio: null, video: 'absent' });
    expect(screen.getByRole('alert').textContent).toContain('没有找到摄像头');
    fireEvent.click(screen.getByRole('button', { name: '知道了' }));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('is nothing where there is nothing wrong', async () => {
    await entered({ audio: null, video: null });
    expect(screen.queryByRole('alert')).toBeNull();
  });
});
