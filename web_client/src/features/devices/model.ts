import type { Device, DeviceList } from './api/useDevices';

export type Light = 'good' | 'bad' | 'unknown';

/** The last call of this title that was refused after it was let in last, or at all. */
export function refusedAt(device: Device, strangers: DeviceList['strangers']): string | null {
  const last = strangers.find((each) => each.ae_title === device.ae_title)?.last_at ?? null;
  if (last === null) return null;
  const called = device.last_called_at;
  return called === null || Date.parse(called) < Date.parse(last) ? last : null;
}

export interface Draft {
  readonly ae_title: string;
  readonly institution: string;
  readonly networks: string;
  readonly host: string;
  readonly port: string;
}

/** The word for what is wrong with a draft, or null; the server has the last word. */
export function faultOf(draft: Draft): 'form.badAe' | 'form.badPort' | 'form.noInstitution' | null {
  if (!/^[!-[\]-~](?:[ -[\]-~]{0,14}[!-[\]-~])?$/.test(draft.ae_title.trim())) return 'form.badAe';
  if (draft.institution === '') return 'form.noInstitution';
  const port = Number(draft.port);
  if (draft.host.trim() !== '' && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    return 'form.badPort';
  }
  return null;
}
