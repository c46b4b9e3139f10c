import { describe, expect, test } from 'vitest';
import type { Device } from './api/useDevices';
import { faultOf, refusedAt } from './model';

const good = { ae_title: 'CT1', institution: 'township1', networks: '', host: '', port: '' };

describe('a draft', () => {
  test('is what the server takes', () => {
    expect(faultOf(good)).toBeNull();
    expect(faultOf({ ...good, host: '10.0.0.7', port: '104' })).toBeNull();
  });
  test.each([
    [{ ...good, ae_title: '' }, 'form.badAe'],
    [{ ...good, ae_title: 'A\\B' }, 'form.badAe'],
    [{ ...good, ae_title: '设备' }, 'form.badAe'],
    [{ ...good, ae_title: 'SEVENTEEN_SIGNS__' }, 'form.badAe'],
    [{ ...good, institution: '' }, 'form.noInstitution'],
    [{ ...good, host: '10.0.0.7' }, 'form.badPort'],
    [{ ...good, host: '10.0.0.7', port: '70000' }, 'form.badPort'],
  ] as const)('%o is told by %s', (draft, word) => {
    expect(faultOf(draft)).toBe(word);
  });
});

describe('a refused call', () => {
  const stranger = {
    ae_title: 'CT1',
    address: '10.0.0.9',
    last_at: '2026-11-26T02:00:00Z',
    registered: true,
  };
  const device = (last_called_at: string | null) => ({ ae_title: 'CT1', last_called_at }) as Device;
  test('counts until the device is let in', () => {
    expect(refusedAt(device(null), [stranger])).toBe(stranger.last_at);
    expect(refusedAt(device('2026-11-26T01:59:00Z'), [stranger])).toBe(stranger.last_at);
    expect(refusedAt(device('2026-11-26T02:00:05Z'), [stranger])).toBeNull();
    expect(refusedAt(device(null), [])).toBeNull();
  });
});
